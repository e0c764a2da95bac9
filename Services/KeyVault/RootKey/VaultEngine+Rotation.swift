import Cryptography
import Foundation
import GRDB
import KeyVaultAPI
import PKCS11

/// A new root key and a new data key, while the vault works.
///
/// One transaction wraps the data key that is in use and its successor by the new root key: from its commit on the old root key opens nothing of this
/// store any more. Rows are then sealed anew in the background, some in a transaction, and the old data key goes when none is left under it. The
/// process may end anywhere: the next start goes on.
extension VaultEngine {
    static let rowsPerStep = 64

    /// Makes a new root key where the old one is. Shared root keys are changed by giving the shares of a new ceremony.
    public func rotateRootKey(_ caller: VaultCaller) async throws(KeyVaultError) -> SealStatus {
        try await perform(VaultCall(.rotateRootKey, caller.identity), caller) { call in
            try await requireNoRotation()
            let environment = environment
            switch source {
            case .key: throw KeyVaultError(.usageNotAllowed, "this vault's root key was given by its program, which is to give another")
            case .shares: throw KeyVaultError(.usageNotAllowed, "this vault's root key is shared: give the shares of a new ceremony, with `tsms vault unseal --rotation`")
            case .file(let path):
                let root = try await offLoop { try RootKeyFile.stage(path, using: environment.keyRandom) }
                do {
                    try await rotate(to: root, &call)
                } catch {
                    // Unless the store took it after all, which the next start would find out as well.
                    if try await !isBound(to: root) { try RootKeyFile.discard(staged: path) }
                    throw error
                }
                do {
                    try RootKeyFile.adopt(staged: path)
                } catch {
                    logger.critical("the new root key is in force and could not be put in its place: move the file by hand", metadata: ["file": "\(RootKeyFile.staged(path))", "error": "\(error)"])
                    throw error
                }
            case .token(let token, let label):
                let root = try await offLoop { try TokenRootKey.make(label: label, in: token, using: environment.publicRandom) }
                do {
                    try await rotate(to: root, &call)
                } catch {
                    if try await !isBound(to: root) { try await offLoop { try token.destroy(root.key.identifier) } }
                    throw error
                }
            }
            return try await sealStatusAfterRotation(caller)
        }
    }

    /// Waits until no row is left under an old data key, or it does not go on.
    public func rotationEnd() async { await rotation?.value }

    /// The transaction that the new root key begins with.
    func rotate(to root: any RootKey, _ call: inout VaultCall) async throws {
        try await requireNoRotation()
        let sealer = try state.sealer()
        let random = environment.keyRandom
        guard let old = sealer.keys[sealer.generation] else { throw KeyVaultError(.internalError, "the vault has no data key") }
        let next = sealer.generation + 1
        let (fresh, wrappedFresh, wrappedOld) = try await offLoop {
            let fresh = try Self.freshDataKey(random)
            return (fresh, try root.wrap(fresh), try root.wrap(old))
        }
        call.detail += (call.detail.isEmpty ? "" : "; ") + "a new root key, data key \(next)"
        let now = milliseconds
        try await commit(call) { db in
            guard try UInt32.fetchAll(db, sql: "SELECT generation FROM data_key") == [sealer.generation] else {
                throw KeyVaultError(.wrongState, "another change of the root key began at the same time")
            }
            try Self.note(sealer.generation, wrappedOld, at: now, db)
            try Self.note(next, wrappedFresh, at: now, db)
            if let identifier = root.identifier { try Self.setValue(Self.rootIdentifierName, identifier, db) }
        }
        open(try Sealer(keys: sealer.keys.merging([next: fresh]) { $1 }, random: environment.publicRandom), root)
        continueRotation()
    }

    /// Goes on with sealing rows anew, beside all other work.
    func continueRotation() {
        startRotation { [self] in
            do {
                try await rewrapRows()
                setRotationFailure(nil)
            } catch {
                let reason = KeyVaultError(mapping: error).reason
                setRotationFailure(reason)
                logger.error("rows are not sealed anew any more; a restart tries again", metadata: ["error": "\(reason)"])
            }
        }
    }

    private func rewrapRows() async throws {
        while !Task.isCancelled {
            var cursor = RowRewrapping.Cursor()
            while !cursor.isAtEnd {
                try Task.checkCancellation()
                let from = cursor
                // The state of now: a row must never be sealed by a key that is to go.
                cursor = try await store.write { [self] db in try RowRewrapping.step(from: from, limit: Self.rowsPerStep, try state.sealer(), db) }
                await Task.yield()
            }
            if try await retireOldDataKeys() { return }
        }
    }

    /// - Returns: false when a row came under an old data key meanwhile.
    private func retireOldDataKeys() async throws -> Bool {
        var call = VaultCall(.maintenance, "vault")
        let sealer = try state.sealer()
        call.detail = "all rows are sealed under data key \(sealer.generation); older ones are gone"
        do {
            try await commit(call) { db in
                guard try RowRewrapping.remaining(sealer, db) == 0 else { throw KeyVaultError(.wrongState, "rows are left") }
                try db.run("DELETE FROM data_key WHERE generation < ?", [Int64(sealer.generation)])
            }
        } catch {
            guard error.code == .wrongState else { throw error }
            return false
        }
        guard case .open(_, let root) = state, let key = sealer.keys[sealer.generation] else { return true }
        open(try Sealer(keys: [sealer.generation: key], random: environment.publicRandom), root)
        logger.notice("all rows are sealed under the new data key", metadata: ["generation": "\(sealer.generation)"])
        return true
    }

    private func requireNoRotation() async throws {
        let count = try await read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM data_key") ?? 0 }
        guard count <= 1 else { throw KeyVaultError(.wrongState, "the change of the root key before is not finished: rows are still being sealed anew") }
    }

    /// Whether the store's data keys are wrapped by this root key.
    private func isBound(to root: any RootKey) async throws -> Bool {
        let stored = try await storedDataKeys()
        return try await offLoop { stored.wrapped.values.contains { (try? root.unwrap($0)) != nil } }
    }

    private func sealStatusAfterRotation(_ caller: VaultCaller) async throws -> SealStatus {
        SealStatus(
            sealed: false, reason: nil, rootKey: { if case .token = source { .token } else { .file } }(), threshold: nil, given: nil,
            generation: Int(try state.sealer().generation), remaining: nil)
    }
}
