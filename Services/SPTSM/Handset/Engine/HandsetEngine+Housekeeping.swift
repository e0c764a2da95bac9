import Foundation
import KeyVaultAPI

/// What goes on beside the dialogs: the vault is told what it could not be told, old records are forgotten.
extension HandsetEngine {
    /// Repeats what the vault has not heard yet.
    public func tellVault() async throws {
        await teller.tell(try await store.keySetTasks(limit: 100))
        try await forgetProcesses()
    }

    /// Forgets dialogs, journal and proofs beyond the retention (TR-03165 3.5.1).
    public func forgetOld() async throws {
        try await store.forget(before: environment.now().addingTimeInterval(-Double(settings.retentionDays) * 86_400))
        try await outbox.forget(now: environment.now())
    }
}
