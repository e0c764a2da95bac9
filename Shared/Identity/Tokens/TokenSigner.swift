import Crypto

/// A P-256 key that signs tokens: a handset's device key, or a token issuer's.
public protocol TokenSigner: Sendable {
    var publicKey: JSONWebKey { get }
    /// ECDSA with SHA-256 over the input: r and s, 32 bytes each.
    func sign(_ input: [UInt8]) throws(TokenError) -> [UInt8]
}

/// A key held in this process's memory.
public struct SoftwareTokenSigner: TokenSigner {
    public let publicKey: JSONWebKey
    private let key: P256.Signing.PrivateKey

    public init(_ key: P256.Signing.PrivateKey = P256.Signing.PrivateKey(), keyID: String? = nil) {
        self.key = key
        publicKey = JSONWebKey(key.publicKey, keyID: keyID)
    }

    /// - Throws: ``TokenError`` `invalidKey`: not a PEM private key on P-256.
    public init(privateKeyPEM: String, keyID: String? = nil) throws(TokenError) {
        guard let key = try? P256.Signing.PrivateKey(pemRepresentation: privateKeyPEM) else {
            throw TokenError(.invalidKey, "not a PEM private key on P-256")
        }
        self.init(key, keyID: keyID)
    }

    /// PKCS #8, PEM. Secret.
    public var privateKeyPEM: String { key.pemRepresentation }

    public func sign(_ input: [UInt8]) throws(TokenError) -> [UInt8] {
        guard let signature = try? key.signature(for: input) else { throw TokenError(.invalidKey, "the key does not sign") }
        return Array(signature.rawRepresentation)
    }
}
