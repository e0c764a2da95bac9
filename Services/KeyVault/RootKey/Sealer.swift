import Cryptography
import KeyVaultAPI

/// Seals what is secret in a row: AES-256-GCM under a key of that row, bound to the row's ID and purpose.
///
/// Each row has a key of its own (HKDF), because a channel's row is sealed anew with every step, and random nonces under one key
/// for the whole store would run into the bound of 2^32 (NIST SP 800-38D, 8.3).
struct Sealer: Sendable {
    enum Purpose: String, Sendable {
        case keySet = "key-set"
        case namedKey = "named-key"
        case signingKey = "signing-key"
        case channel
        case batch
        case rootKeyCheck = "root-key-check"
    }

    private let key: SecretBytes
    private let random: any RandomSource

    init(root: any RootKeyProvider, random: any RandomSource) throws(KeyVaultError) {
        key = try root.derivedKey(for: "sealing 1")
        self.random = random
    }

    func seal(_ secret: SecretBytes, row: String, _ purpose: Purpose) throws(KeyVaultError) -> [UInt8] {
        let plain = secret.withUnsafeBytes { [UInt8]($0) }
        let result = Result { () throws(KeyVaultError) in try seal(plain, row: row, purpose) }
        // Overwrites the copy, which nobody else holds.
        _ = SecretBytes(consuming: consume plain)
        return try result.get()
    }

    func seal(_ bytes: [UInt8], row: String, _ purpose: Purpose) throws(KeyVaultError) -> [UInt8] {
        do {
            return try AESGCM.seal(bytes, key: try rowKey(row, purpose), context: context(row, purpose), using: random)
        } catch {
            throw KeyVaultError(mapping: error)
        }
    }

    /// - Throws: `internalError` when the row was altered, moved, or sealed under another root key.
    func open(_ sealed: [UInt8], row: String, _ purpose: Purpose) throws(KeyVaultError) -> [UInt8] {
        do {
            return try AESGCM.open(sealed, key: try rowKey(row, purpose), context: context(row, purpose))
        } catch {
            throw KeyVaultError(.internalError, "the sealed content of \(purpose.rawValue) \(row) does not open: the store was altered, or the root key is another")
        }
    }

    func openSecret(_ sealed: [UInt8], row: String, _ purpose: Purpose) throws(KeyVaultError) -> SecretBytes {
        SecretBytes(consuming: try open(sealed, row: row, purpose))
    }

    private func rowKey(_ row: String, _ purpose: Purpose) throws(CryptographyError) -> SecretBytes {
        try HKDFSHA256.deriveKey(from: key, info: context(row, purpose), count: 32)
    }

    private func context(_ row: String, _ purpose: Purpose) -> [UInt8] { Array("\(purpose.rawValue)\u{0}\(row)".utf8) }
}
