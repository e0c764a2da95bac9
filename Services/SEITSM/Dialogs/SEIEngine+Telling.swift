import GRDB
import KeyVaultAPI
import SEIAPI

/// What the key vault is still to be told: states of key sets that were proven, channels that are over. It lies in the store until the vault has heard it.
extension SEIEngine {
    /// One thing to be told.
    private struct VaultTask: Sendable {
        enum Row: Sendable { case keySet(Int64), channel(String) }
        var row: Row
        var step: VaultStep
    }

    /// Carries out what is recorded and not done yet, in order. What other dialogs have to tell meanwhile goes out together.
    func tellVault() async {
        await telling.share { await self.tellOnce() }
    }

    private func tellOnce() async {
        do {
            while true {
                let tasks = try await store.read { db in try Self.tasks(100, db) }
                if tasks.isEmpty { return }
                let done = await carryOut(tasks)
                try await store.write { db in
                    for task in done {
                        switch task.row {
                        case .keySet(let id): try db.execute(sql: "DELETE FROM key_set_task WHERE id = ?", arguments: [id])
                        case .channel(let id): try ChannelTaskTable.delete(id, db)
                        }
                    }
                }
                // The vault is away, or that was all.
                guard done.count == tasks.count, tasks.count >= 100 else { return }
            }
        } catch {
            logger.error("store", metadata: ["error": "\(error)"])
        }
    }

    private static func tasks(_ limit: Int, _ db: Database) throws -> [VaultTask] {
        let keySets = try Row.fetchAll(db, sql: "SELECT * FROM key_set_task ORDER BY id LIMIT ?", arguments: [limit]).compactMap { row in
            KeySetState(rawValue: row["state"]).map { state in
                VaultTask(row: .keySet(row["id"]), step: .changeState(id: row["key_set_id"], request: ChangeKeySetStateRequest(state: state)))
            }
        }
        return keySets + (try ChannelTaskTable.next(limit, db)).map { VaultTask(row: .channel($0), step: .closeChannel(id: $0)) }
    }

    /// - Returns: the tasks that need no other telling.
    private func carryOut(_ tasks: [VaultTask]) async -> [VaultTask] {
        do throws(KeyVaultError) {
            _ = try await vault.batch(VaultBatch(tasks.map(\.step)))
            return tasks
        } catch {
            guard isRefusal(error) else {
                logger.warning("the key vault is told later", metadata: ["reason": "\(error.reason)"])
                return []
            }
        }
        // One of them is not as it should be: each by itself.
        var done: [VaultTask] = []
        for task in tasks {
            do throws(KeyVaultError) {
                _ = try await vault.batch(VaultBatch([task.step]))
            } catch {
                guard isRefusal(error) else {
                    logger.warning("the key vault is told later", metadata: ["reason": "\(error.reason)"])
                    return done
                }
                // A channel that is unknown is closed.
                if case .channel = task.row, error.code == .notFound {} else {
                    logger.error("the key vault refused what it was told", metadata: ["task": "\(task.step)", "reason": "\(error.reason)"])
                }
            }
            done.append(task)
        }
        return done
    }

    /// The vault has heard it, and telling it once more changes nothing.
    private func isRefusal(_ error: KeyVaultError) -> Bool {
        switch error.code {
        case .wrongState, .notFound, .usageNotAllowed, .invalidRequest: true
        default: false
        }
    }
}
