import KeyVaultAPI
import Logging
import ServiceKit
import Synchronization

/// Tells the vault of key sets. What processes have to tell while a telling is under way goes out together with the next one.
final class KeySetTeller: Sendable {
    private let vault: any KeyVault
    private let store: HandsetStore
    private let logger: Logger
    private let waiting = Mutex<[KeySetTask]>([])
    private let telling = SharedRun<Void>()
    /// Tasks of one call: twice as many operations, well below what a vault takes.
    private static let maximum = 64

    init(vault: any KeyVault, store: HandsetStore, logger: Logger) {
        self.vault = vault
        self.store = store
        self.logger = logger
    }

    /// Returns when the tasks are done, or left in the store for later.
    func tell(_ tasks: [KeySetTask]) async {
        guard !tasks.isEmpty else { return }
        waiting.withLock { $0 += tasks }
        await telling.share { await self.tellOnce() }
    }

    private func tellOnce() async {
        let tasks = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for at in stride(from: 0, to: tasks.count, by: Self.maximum) {
            await carryOut(Array(tasks[at..<min(at + Self.maximum, tasks.count)]))
        }
    }

    private func carryOut(_ tasks: [KeySetTask]) async {
        var done: [KeySetTask] = []
        do throws(KeyVaultError) {
            _ = try await vault.batch(VaultBatch(tasks.flatMap(\.steps)))
            done = tasks
        } catch {
            switch error.code {
            case .unreachable, .sealed, .auditUnavailable, .forbidden, .internalError:
                logger.warning("the vault is told of key sets later", metadata: ["count": "\(tasks.count)", "error": "\(error)"])
                return
            default:
                // One of them is not as it should be, for instance destroyed already: each by itself.
                for task in tasks where await carryOutAlone(task) { done.append(task) }
            }
        }
        do {
            try await store.done(done)
        } catch {
            logger.warning("key set tasks stay in the store and will be repeated", metadata: ["count": "\(done.count)", "error": "\(error)"])
        }
    }

    /// - Returns: false if the vault could not be told.
    private func carryOutAlone(_ task: KeySetTask) async -> Bool {
        do throws(KeyVaultError) {
            let current = try await vault.keySet(id: task.keySetId).state
            let path: [KeySetState] = switch (task.action, current) {
            case (_, .destroyed), (.retire, .retired): []
            case (.destroy, .retired): [.destroyed]
            default: task.states
            }
            if !path.isEmpty {
                _ = try await vault.batch(VaultBatch(path.map { .changeState(id: task.keySetId, request: ChangeKeySetStateRequest(state: $0)) }))
            }
            return true
        } catch {
            logger.warning("the vault could not be told of a key set", metadata: ["keySet": "\(task.keySetId)", "action": "\(task.action.rawValue)", "error": "\(error)"])
            // A set that the vault does not know needs no second telling.
            return error.code == .notFound
        }
    }
}
