import Foundation
import KeyVaultAPI

/// What goes on beside the dialogs: the vault is told what it could not be told, old records are forgotten.
extension HandsetEngine {
    /// Repeats what the vault has not heard yet.
    public func tellVault() async throws {
        for task in try await store.keySetTasks(limit: 100) { await carryOut(task) }
    }

    /// Forgets dialogs, journal and proofs beyond the retention (TR-03165 3.5.1).
    public func forgetOld() async throws {
        try await store.forget(before: environment.now().addingTimeInterval(-Double(settings.retentionDays) * 86_400))
    }

    func carryOut(_ task: KeySetTask) async {
        guard await release(keySet: task.keySetId, destroying: task.action == .destroy) else { return }
        do {
            try await store.done(task)
        } catch {
            logger.warning("a key set task stays in the store and will be repeated", metadata: ["keySet": "\(task.keySetId)", "error": "\(error)"])
        }
    }

    /// Takes a key set out of use that no card holds (any more).
    /// - Returns: false if the vault could not be told.
    @discardableResult
    func release(keySet id: String, destroying: Bool) async -> Bool {
        do throws(KeyVaultError) {
            let current = try await vault.keySet(id: id).state
            let path: [KeySetState] = switch current {
            case .pending, .live: destroying ? [.retired, .destroyed] : [.retired]
            case .retired: destroying ? [.destroyed] : []
            case .destroyed: []
            }
            for state in path { _ = try await vault.changeState(ofKeySet: id, ChangeKeySetStateRequest(state: state)) }
            return true
        } catch {
            logger.warning("the vault could not be told of a key set that is out of use", metadata: ["keySet": "\(id)", "error": "\(error)"])
            // A set that the vault does not know needs no second telling.
            return error.code == .notFound
        }
    }
}
