import Cryptography
import GlobalPlatform
import KeyVaultAPI
import PKCS11

/// A PKCS #11 token: named keys and signing keys stay in it, and each may do there what it is for and nothing else. Rows hold the identifier of an
/// object, sealed, so that nobody who writes the store can put one key in the place of another.
///
/// What comes out of it are results: a card's derived keys, wrapped and unwrapped key sets, signatures.
struct TokenBackend: KeyBackend {
    static let identifierLength = 16

    let token: Token
    let random: any RandomSource

    var name: BackendName { .pkcs11 }

    func keep(_ key: SecretBytes, kind: NamedKeyDescription.Kind, index: String) throws -> SecretBytes {
        let identifier = try random.bytes(Self.identifierLength)
        let label = "tsms \(kind.rawValue) \(index)"
        do {
            switch kind {
            case .transport: try token.store(key, as: TokenKey(identifier, .aes), label: label, for: .wrap)
            case .master:
                try token.store(key, as: TokenKey(identifier, .aes), label: label, for: .derive)
                // EMV CPS and VISA2 take the same bytes as a triple DES key, so there is an object of that type as well.
                if key.count == 16 { try token.store(Self.withOddParity(key), as: TokenKey(identifier, .twoKeyTripleDES), label: label, for: .encipher) }
            }
        } catch {
            // Half of it must not stay; if it cannot be removed either, the token itself is away, and the first failure is the one to tell.
            try? token.destroy(identifier)
            throw error
        }
        return SecretBytes(copying: identifier)
    }

    func discard(_ held: SecretBytes) throws { try token.destroy(Self.identifier(held)) }

    func cardKeys(master held: SecretBytes, length: Int, _ scheme: GlobalPlatform.DiversificationScheme, keyDiversificationData: [UInt8]) throws -> SCP03StaticKeys {
        let identifier = try Self.identifier(held)
        return try scheme.keys(masterLength: length, keyDiversificationData: keyDiversificationData) { inputs in
            switch scheme.primitive {
            case .aesCMAC: try token.cmac(over: inputs, with: TokenKey(identifier, .aes))
            case .tripleDESECB: try token.tripleDES(inputs, with: TokenKey(identifier, .twoKeyTripleDES))
            }
        }
    }

    func wrap(_ keys: [SecretBytes], under held: SecretBytes) throws -> [[UInt8]] { try token.wrap(keys, under: TokenKey(try Self.identifier(held), .aes)) }

    func unwrap(_ wrapped: [[UInt8]], under held: SecretBytes) throws -> [SecretBytes] { try token.unwrap(wrapped, under: TokenKey(try Self.identifier(held), .aes)) }

    func makeSigningKey(_ purpose: String) throws -> (held: SecretBytes, publicKey: ECPublicKey) {
        let identifier = try random.bytes(Self.identifierLength)
        let point = try token.generateSigningKey(identifier, label: "tsms signing \(purpose)")
        return (SecretBytes(copying: identifier), try ECPublicKey(point: point, curve: .p256))
    }

    func sign(_ message: [UInt8], with held: SecretBytes) throws -> ECDSASignature {
        let digest = try HashFunction.sha256.digest(of: message)
        return try ECDSASignature(raw: token.sign(digest: digest, with: TokenKey(try Self.identifier(held), .signing)), curve: .p256)
    }

    private static func identifier(_ held: SecretBytes) throws(KeyVaultError) -> [UInt8] {
        guard held.count == identifierLength else { throw KeyVaultError(.internalError, "a row of the store names no object of a token") }
        return held.withUnsafeBytes { [UInt8]($0) }
    }

    /// DES leaves the lowest bit of each byte out of the calculation; many tokens want it to make the parity odd.
    static func withOddParity(_ key: SecretBytes) -> SecretBytes {
        SecretBytes(count: key.count) { buffer in
            key.withUnsafeBytes { key in
                for place in 0..<key.count {
                    let high = key[place] & 0xFE
                    buffer[place] = high | UInt8(truncatingIfNeeded: (high.nonzeroBitCount & 1) ^ 1)
                }
            }
        }
    }
}

/// The root key as an object of a token.
struct TokenRootKey: RootKey {
    let token: Token
    let key: TokenKey

    init(token: Token, identifier: [UInt8]) {
        self.token = token
        key = TokenKey(identifier, .aes)
    }

    var identifier: [UInt8]? { key.identifier }

    func check() throws { try token.require(key) }

    func wrap(_ dataKey: SecretBytes) throws -> [UInt8] { try token.wrap([dataKey], under: key)[0] }
    func unwrap(_ wrapped: [UInt8]) throws -> SecretBytes { try token.unwrap([wrapped], under: key)[0] }

    /// The only key with this label: for a store that names no root key yet.
    /// - Returns: nil when there is none.
    /// - Throws: `KeyVaultError` `sealed` when there are several.
    static func find(label: String, in token: Token) throws -> TokenRootKey? {
        let found = try token.identifiers(label: label)
        guard found.count <= 1 else {
            throw KeyVaultError(.sealed, "token '\(token.label)' has \(found.count) keys '\(label)', and the store does not say which is its root key: name another label in rootKeyLabel")
        }
        return found.first.map { TokenRootKey(token: token, identifier: $0) }
    }

    /// Has the token make one.
    static func make(label: String, in token: Token, using random: any RandomSource) throws -> TokenRootKey {
        let root = TokenRootKey(token: token, identifier: try random.bytes(TokenBackend.identifierLength))
        try token.generate(root.key, label: label, for: .wrap)
        return root
    }
}
