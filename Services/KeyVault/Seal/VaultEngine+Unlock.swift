import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI
import PKCS11

/// Data keys of a store, as they rest.
struct StoredDataKeys: Sendable {
    var wrapped: [UInt32: [UInt8]]
    /// Of stores that were sealed under the root key itself, before there were data keys.
    var rootKeyCheck: [UInt8]?
    var backend: BackendName
    /// Nil in a store that no root key was ever used with.
    var rootIdentifier: [UInt8]?
    var isNew: Bool { wrapped.isEmpty && rootKeyCheck == nil }
}

extension VaultEngine {
    static let checkName = "root-key-check"
    static let backendName = "backend"
    static let rootIdentifierName = "root-key-identifier"
    private static let checkText = Array("this is the root key".utf8)

    /// Opens the vault with what its configuration gives, if that is enough.
    /// - Throws: `KeyVaultError` `sealed` when a root key is there and is not this store's.
    func unlockFromSource() async throws {
        switch source {
        case .key(nil), .shares: return
        case .key(.some(let root)): try await unlock(root)
        case .file(let path):
            guard let root = try RootKeyFile.load(path) else { return }
            do {
                try await unlock(root)
            } catch let error as KeyVaultError where error.code == .sealed {
                // The store went over to the new root key, and the process ended before the file did.
                guard let new = try RootKeyFile.load(RootKeyFile.staged(path)) else { throw error }
                try await unlock(new)
                return try RootKeyFile.adopt(staged: path)
            }
            // A new root key that the store never went over to.
            try RootKeyFile.discard(staged: path)
        case .token(let token, let label):
            let stored = try await storedDataKeys()
            let root: TokenRootKey? = try await offLoop {
                if let identifier = stored.rootIdentifier { return TokenRootKey(token: token, identifier: identifier) }
                return stored.isNew ? try TokenRootKey.find(label: label, in: token) : nil
            }
            guard let root else {
                throw KeyVaultError(.sealed, stored.isNew
                    ? "token '\(token.label)' has no root key '\(label)': `key-vault init` makes it" : "this store was made with the \(stored.backend.rawValue) backend")
            }
            try await unlock(root)
        }
    }

    /// Unwraps the data keys, or makes the first one of a new store, and opens the vault.
    /// - Throws: `KeyVaultError` `sealed` when this is not the root key of this store.
    func unlock(_ root: any RootKey) async throws {
        let stored = try await storedDataKeys()
        guard stored.isNew || stored.backend == backend.name else {
            throw KeyVaultError(.sealed, "this store was made with the \(stored.backend.rawValue) backend, and the configuration names \(backend.name.rawValue)")
        }
        let keys: [UInt32: SecretBytes]
        if !stored.wrapped.isEmpty {
            keys = try await offLoop {
                do {
                    return try stored.wrapped.mapValues { try root.unwrap($0) }
                } catch where (error as? KeyVaultError)?.code == .unwrapFailed || (error as? TokenFailure)?.kind == .unwrapFailed {
                    throw KeyVaultError(.sealed, "the root key is not the one that this vault's keys are sealed under: put the right one in place")
                }
            }
        } else if let check = stored.rootKeyCheck {
            keys = [0: try await takeOver(root, check)]
        } else {
            keys = [1: try await begin(root)]
        }
        try await makeSigningKeys(Sealer(keys: keys, random: environment.publicRandom))
        open(try Sealer(keys: keys, random: environment.publicRandom), root)
        try await noteRestoration()
        try await forgetWhatExpired()
        if keys.count > 1 { continueRotation() }
    }

    /// After a copy took the store's place the log says so, once.
    private func noteRestoration() async throws {
        let text = try await read { db in try db.row("SELECT value FROM vault WHERE name = ?", [StoreBackup.restoredName])?.bytes("value") }
        guard let text else { return }
        var call = VaultCall(.maintenance, "vault")
        call.detail = "restored: " + String(decoding: text, as: UTF8.self)
        try await commit(call) { db in try db.run("DELETE FROM vault WHERE name = ?", [StoreBackup.restoredName]) }
        logger.warning("the store was restored from a copy: key sets that were made later are not known any more")
    }

    func storedDataKeys() async throws -> StoredDataKeys {
        try await read { db in
            var wrapped: [UInt32: [UInt8]] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT generation, wrapped FROM data_key") { wrapped[row["generation"]] = row.bytes("wrapped") }
            func value(_ name: String) throws -> [UInt8]? { try db.row("SELECT value FROM vault WHERE name = ?", [name])?.bytes("value") }
            let name = try value(Self.backendName).map { String(decoding: $0, as: UTF8.self) } ?? BackendName.software.rawValue
            guard let backend = BackendName(rawValue: name) else { throw KeyVaultError(.sealed, "the store was made with a backend that this version does not know") }
            return StoredDataKeys(wrapped: wrapped, rootKeyCheck: try value(Self.checkName), backend: backend, rootIdentifier: try value(Self.rootIdentifierName))
        }
    }

    /// A new store: its first data key.
    private func begin(_ root: any RootKey) async throws -> SecretBytes {
        let random = environment.keyRandom
        let (key, wrapped) = try await offLoop {
            let key = try Self.freshDataKey(random)
            return (key, try root.wrap(key))
        }
        var call = VaultCall(.maintenance, "vault")
        call.detail = "the store was bound to its root key, backend \(backend.name.rawValue)"
        let (now, name) = (milliseconds, backend.name)
        try await commit(call) { db in
            guard try db.row("SELECT 1 FROM data_key") == nil else { throw KeyVaultError(.wrongState, "the store was opened by another call at the same time") }
            try Self.note(1, wrapped, at: now, db)
            try Self.setValue(Self.backendName, Array(name.rawValue.utf8), db)
            if let identifier = root.identifier { try Self.setValue(Self.rootIdentifierName, identifier, db) }
        }
        return key
    }

    /// A store of the first version, sealed under a key that follows from the root key: that becomes its data key, wrapped from now on.
    private func takeOver(_ root: any RootKey, _ check: [UInt8]) async throws -> SecretBytes {
        guard let software = root as? SoftwareRootKey else { throw KeyVaultError(.sealed, "this store was made with the software backend") }
        let key = try software.derivedKey(for: "sealing 1")
        let sealer = try Sealer(keys: [0: key], random: environment.publicRandom)
        guard let text = try? sealer.open(Sealer.header(0) + check, row: Self.checkName, .rootKeyCheck), text == Self.checkText else {
            throw KeyVaultError(.sealed, "the root key is not the one that this vault's keys are sealed under: put the right key file in place")
        }
        let wrapped = try software.wrap(key)
        var call = VaultCall(.maintenance, "vault")
        call.detail = "the store's data key is wrapped by its root key from now on"
        let now = milliseconds
        try await commit(call) { db in
            try Self.note(0, wrapped, at: now, db)
            try db.run("DELETE FROM vault WHERE name = ?", [Self.checkName])
            try Self.setValue(Self.backendName, Array(BackendName.software.rawValue.utf8), db)
        }
        return key
    }

    static func freshDataKey(_ random: any RandomSource) throws -> SecretBytes { SecretBytes(consuming: try random.bytes(32)) }

    static func note(_ generation: UInt32, _ wrapped: [UInt8], at milliseconds: Int64, _ db: Database) throws {
        try db.run(
            "INSERT INTO data_key (generation, wrapped, created_at) VALUES (?, ?, ?) ON CONFLICT (generation) DO UPDATE SET wrapped = excluded.wrapped",
            [Int64(generation), Data(wrapped), milliseconds])
    }

    static func setValue(_ name: String, _ value: [UInt8], _ db: Database) throws {
        try db.run("INSERT INTO vault (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [name, Data(value)])
    }

    /// Runs what may wait for a token, or computes for long, away from event loops.
    func offLoop<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withTaskExecutorPreference(globalConcurrentExecutor) { try work() }
    }
}
