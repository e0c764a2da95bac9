import Cryptography
import KeyVaultAPI

/// Seals what is secret in a row: AES-256-GCM under a key of that row, bound to the row's ID and purpose.
///
/// Each row has a key of its own (HKDF from a data key), because a channel's row is sealed anew with every step, and random nonces under one key
/// for the whole store would run into the bound of 2^32 (NIST SP 800-38D, 8.3). Data keys have generations; a sealed value begins with that of its
/// own, four bytes. During a rotation there are two.
struct Sealer: Sendable {
    enum Purpose: String, Sendable {
        case keySet = "key-set"
        case namedKey = "named-key"
        case signingKey = "signing-key"
        case channel
        case batch
        case processKey = "process-key"
        case rootKeyCheck = "root-key-check"
    }

    /// Whose data key seals from now on.
    let generation: UInt32
    let keys: [UInt32: SecretBytes]
    private let random: any RandomSource

    /// - Parameter keys: data keys by generation; the highest seals.
    init(keys: [UInt32: SecretBytes], random: any RandomSource) throws(KeyVaultError) {
        guard let newest = keys.keys.max() else { throw KeyVaultError(.internalError, "the vault has no data key") }
        generation = newest
        self.keys = keys
        self.random = random
    }

    /// The first bytes of what is sealed now.
    var header: [UInt8] { Self.header(generation) }

    static func header(_ generation: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: generation >> $0) } }

    func seal(_ secret: SecretBytes, row: String, _ purpose: Purpose) throws(KeyVaultError) -> [UInt8] {
        let plain = secret.withUnsafeBytes { [UInt8]($0) }
        let result = Result { () throws(KeyVaultError) in try seal(plain, row: row, purpose) }
        // Overwrites the copy, which nobody else holds.
        _ = SecretBytes(consuming: consume plain)
        return try result.get()
    }

    func seal(_ bytes: [UInt8], row: String, _ purpose: Purpose) throws(KeyVaultError) -> [UInt8] {
        do {
            return header + (try AESGCM.seal(bytes, key: try rowKey(generation, row, purpose), context: Self.context(row, purpose), using: random))
        } catch {
            throw KeyVaultError(mapping: error)
        }
    }

    /// - Throws: `internalError` when the row was altered, moved, or sealed under another data key.
    func open(_ sealed: [UInt8], row: String, _ purpose: Purpose) throws(KeyVaultError) -> [UInt8] {
        do {
            guard sealed.count > 4 else { throw CryptographyError(.invalidInputLength, "A sealed value is longer") }
            let generation = sealed[..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            return try AESGCM.open(Array(sealed[4...]), key: try rowKey(generation, row, purpose), context: Self.context(row, purpose))
        } catch {
            throw KeyVaultError(.internalError, "the sealed content of \(purpose.rawValue) \(row.prefix(64)) does not open: the store was altered, or its data key is another")
        }
    }

    func openSecret(_ sealed: [UInt8], row: String, _ purpose: Purpose) throws(KeyVaultError) -> SecretBytes {
        SecretBytes(consuming: try open(sealed, row: row, purpose))
    }

    private func rowKey(_ generation: UInt32, _ row: String, _ purpose: Purpose) throws(CryptographyError) -> SecretBytes {
        guard let key = keys[generation] else { throw CryptographyError(.authenticationFailed, "There is no data key of generation \(generation)") }
        return try HKDFSHA256.deriveKey(from: key, info: Self.context(row, purpose), count: 32)
    }

    private static func context(_ row: String, _ purpose: Purpose) -> [UInt8] { Array("\(purpose.rawValue)\u{0}\(row)".utf8) }
}
