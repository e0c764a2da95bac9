import Foundation
import KeyVaultAPI

/// What `key-vault init` does: makes the root key of a new vault.
public enum VaultInitialisation {
    public enum Outcome: Sendable, Hashable {
        case created
        /// There is a usable root key already.
        case present
    }

    /// - Throws: `KeyVaultError` `sealed` when the key file is unusable, or missing beside a store that was made with one:
    ///   a fresh key would open nothing of it.
    @discardableResult
    public static func run(rootKeyFile: String, storeDirectory: String) throws(KeyVaultError) -> Outcome {
        if try RootKeyFile.load(rootKeyFile) != nil { return .present }
        guard !FileManager.default.fileExists(atPath: storeDirectory + "/store.sqlite") else {
            throw KeyVaultError(.sealed, "\(storeDirectory) holds a vault whose root key file \(rootKeyFile) is missing: restore the file, a new key would open nothing")
        }
        try RootKeyFile.create(rootKeyFile)
        return .created
    }
}
