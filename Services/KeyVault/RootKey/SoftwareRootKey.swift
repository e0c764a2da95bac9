import Cryptography
import KeyVaultAPI

/// A root key in this process's memory, from a file or from custodians' shares.
public struct SoftwareRootKey: Sendable, RootKey {
    public static let length = 32
    private let key: SecretBytes

    var identifier: [UInt8]? { nil }

    /// - Throws: `KeyVaultError` `sealed` unless there are exactly 32 bytes.
    public init(_ key: SecretBytes) throws(KeyVaultError) {
        guard key.count == Self.length else { throw KeyVaultError(.sealed, "a root key has \(Self.length) bytes, not \(key.count)") }
        self.key = key
    }

    func check() throws {}

    func wrap(_ dataKey: SecretBytes) throws -> [UInt8] { try AESKeyWrap.wrap(dataKey, under: derivedKey(for: "data keys 1")) }

    func unwrap(_ wrapped: [UInt8]) throws -> SecretBytes {
        do {
            return try AESKeyWrap.unwrap(wrapped, under: derivedKey(for: "data keys 1"))
        } catch {
            throw KeyVaultError(.unwrapFailed, "the data key was wrapped by another root key")
        }
    }

    /// 32 bytes that follow from the root key and `purpose` alone. `sealing 1` is what stores were sealed under before they had data keys.
    func derivedKey(for purpose: String) throws(KeyVaultError) -> SecretBytes {
        do {
            return try HKDFSHA256.deriveKey(from: key, salt: Array("tsms key vault root 1".utf8), info: Array(purpose.utf8), count: 32)
        } catch {
            throw KeyVaultError(mapping: error)
        }
    }
}
