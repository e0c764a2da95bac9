import Foundation
import Provisioning
import ServiceKit
import TrustedServiceModel

extension HandsetEngine {
    /// An operator ends a process. What it may have changed on the component is unknown then, as after a lease that ran out.
    ///
    /// - Returns: nil: there is no such process; false: it has ended already.
    /// - Throws: ``OperatorError`` `unavailable` when the store fails; then nothing was changed.
    func endProcess(_ id: String, reason: String, action: HandsetOperatorAPI.Action) async throws(OperatorError) -> Bool? {
        do throws(HandsetRefusal) {
            return try await gate.pass("dialog/\(id)") { () async throws(HandsetRefusal) in
                guard var dialog = try await stored({ try await self.store.dialog(id: id) }), dialog.purpose.processKind != nil else { return nil }
                guard !dialog.isEnded else { return false }
                var changes = DialogChanges()
                changes.operatorAction = action
                await fail(&dialog, RunFailure(.executionInterrupted, "ended by the operator: \(reason)"), &changes)
                _ = try await commit(&dialog, changes, insertingAs: nil)
                return true
            }
        } catch {
            throw OperatorError(.unavailable, error.reason)
        }
    }
}
