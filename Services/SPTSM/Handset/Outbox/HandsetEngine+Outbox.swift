import GRDB
import ServiceKit
import TrustedServiceModel

/// What ends a dialog also puts its result into the outbox, in the same transaction: neither is there without the other.
extension HandsetEngine {
    /// Of a dialog as it is about to be written; nil while it goes on, and for those that nobody is told of.
    func outboxEntry(_ dialog: DialogRecord, _ changes: DialogChanges) -> OutboxEntry? {
        guard dialog.isEnded, let outcome = dialog.nextAnswer?.result else { return nil }
        let entry = dialog.outboxEntry(outcome, instance: changes.instance, isDeleted: changes.deletedInstance != nil, trace: TraceContext.current?.header)
        if entry == nil, let process = outcome.processInfo?.processId, !process.isEmpty {
            logger.error("a process ended on an instance that cannot be read, so nobody but the handset is told", metadata: ["process": "\(process)"])
        }
        return entry
    }

    /// An eligibility check that failed before there was a dialog (TR-03165 3.3.1): nothing else of such requests is told.
    /// - Parameter idempotencyKey: of the request; its repetition is told once.
    func tellRefusal(of dialog: DialogRecord, _ outcome: HandsetAPI.Outcome, _ changes: DialogChanges, idempotencyKey: String) async throws(HandsetRefusal) {
        var instance = changes.instance
        if instance == nil, let id = dialog.purpose.instanceId {
            // Of another service provider's there is nothing to tell.
            instance = try await stored { try await self.store.instance(id: id, owner: dialog.caller.serviceProviderId) }
        }
        guard var entry = dialog.outboxEntry(outcome, instance: instance, isDeleted: false, trace: TraceContext.current?.header) else { return }
        let id = DialogRecord.refusalId(deviceKey: dialog.caller.deviceKeyThumbprint, idempotencyKey: idempotencyKey)
        if entry.orderKey == entry.id { entry.orderKey = id }
        entry.id = id
        let (told, now) = (entry, environment.now())
        let isWritten = try await stored { try await self.store.store.write { db in try self.outbox.insert(told, at: now, in: db) } }
        if isWritten { outbox.ring(for: told) } else { noteDropped(told) }
    }

    func noteDropped(_ entry: OutboxEntry) {
        logger.warning("a failed eligibility check is not told to the SPOS: too many wait already", metadata: ["service": "\(entry.serviceId)"])
    }
}
