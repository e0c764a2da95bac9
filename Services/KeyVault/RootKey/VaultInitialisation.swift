import Cryptography
import Foundation
import KeyVaultAPI
import PKCS11

/// What `key-vault init` does: makes the root key of a new vault.
public enum VaultInitialisation {
    public enum Outcome: Sendable, Hashable {
        case created
        /// There is a usable root key already.
        case present
        /// The root key is shared: its ceremony makes it, the vault's machine never does.
        case custodians
    }

    /// - Throws: `KeyVaultError` `sealed` when the root key is unusable, or missing beside a store that was made with one: a fresh key would open
    ///   nothing of it.
    @discardableResult
    public static func run(_ configuration: VaultConfiguration) throws(KeyVaultError) -> Outcome {
        switch configuration.rootKey {
        case .file(let path): return try run(rootKeyFile: path, storeDirectory: configuration.store.directory)
        case .shares: return .custodians
        case .token(let token):
            do {
                return try run(token: token.token(), label: token.rootKeyLabel, storeDirectory: configuration.store.directory)
            } catch {
                throw KeyVaultError(mapping: error)
            }
        }
    }

    @discardableResult
    public static func run(rootKeyFile: String, storeDirectory: String) throws(KeyVaultError) -> Outcome {
        if try RootKeyFile.load(rootKeyFile) != nil { return .present }
        try requireNoStore(storeDirectory, "root key file \(rootKeyFile)")
        try RootKeyFile.create(rootKeyFile)
        return .created
    }

    /// Has a token make the root key.
    @discardableResult
    public static func run(token: Token, label: String, storeDirectory: String) throws -> Outcome {
        defer { token.close() }
        if try !token.identifiers(label: label).isEmpty { return .present }
        try requireNoStore(storeDirectory, "root key '\(label)' in token '\(token.label)'")
        _ = try TokenRootKey.make(label: label, in: token, using: SystemRandom())
        return .created
    }

    private static func requireNoStore(_ directory: String, _ what: String) throws(KeyVaultError) {
        guard !FileManager.default.fileExists(atPath: directory + "/store.sqlite") else {
            throw KeyVaultError(.sealed, "\(directory) holds a vault whose \(what) is missing: restore it, a new key would open nothing")
        }
    }
}
