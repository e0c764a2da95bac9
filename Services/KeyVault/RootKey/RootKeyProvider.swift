import Cryptography
import KeyVaultAPI

/// Where the root key is. The vault never asks for the key itself, only for keys derived from it, so that it may stay in a hardware module.
public protocol RootKeyProvider: Sendable {
    /// 32 bytes that follow from the root key and `purpose` alone.
    /// - Throws: `KeyVaultError` `sealed` when the root key cannot be used.
    func derivedKey(for purpose: String) throws(KeyVaultError) -> SecretBytes
}

/// A root key in this process's memory.
public struct SoftwareRootKey: RootKeyProvider {
    public static let length = 32
    private let key: SecretBytes

    /// - Throws: `KeyVaultError` `sealed` unless there are exactly 32 bytes.
    public init(_ key: SecretBytes) throws(KeyVaultError) {
        guard key.count == Self.length else { throw KeyVaultError(.sealed, "a root key has \(Self.length) bytes, not \(key.count)") }
        self.key = key
    }

    public func derivedKey(for purpose: String) throws(KeyVaultError) -> SecretBytes {
        do {
            return try HKDFSHA256.deriveKey(from: key, salt: Array("tsms key vault root 1".utf8), info: Array(purpose.utf8), count: 32)
        } catch {
            throw KeyVaultError(mapping: error)
        }
    }
}
