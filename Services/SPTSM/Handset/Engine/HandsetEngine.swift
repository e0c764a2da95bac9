import DeploymentDocument
import Foundation
import GlobalPlatform
import KeyVaultAPI
import Logging
import Provisioning
import SEIAPI
import ServiceKit
import TrustedServiceModel

/// A request that is refused before anybody learns anything: it becomes a problem document, not a result.
public struct HandsetRefusal: Error, Sendable, Hashable {
    public enum Code: String, Sendable { case unknownDialog, reportOutOfOrder, idempotencyConflict, invalidRequest, unavailable }
    public var code: Code
    public var reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}

/// The handset plane's TSM-API backend: begins dialogs, takes reports, ends them with a result. No HTTP in here.
///
/// What is told to a handset is durable before it leaves; what a handset reports is durable before it is acted upon.
public final class HandsetEngine: Sendable {
    let store: HandsetStore
    let vault: any KeyVault
    let catalogue: any Catalogue
    let issuers: IssuerDirectory
    let settings: HandsetSettings
    let environment: ServiceEnvironment
    let logger: Logger
    let teller: KeySetTeller
    /// Results for service providers' online services.
    public let outbox: Outbox
    let gate = KeyedGate()
    /// Orders of one process: a long registry takes a dozen.
    static let maximumOrders = 128

    public init(store: Store, vault: any KeyVault, catalogue: any Catalogue, issuers: IssuerDirectory, settings: HandsetSettings,
                outbox: OutboxSettings = OutboxSettings(), environment: ServiceEnvironment, logger: Logger) {
        self.store = HandsetStore(store: store)
        self.vault = vault
        self.catalogue = catalogue
        self.issuers = issuers
        self.settings = settings
        self.environment = environment
        self.logger = logger
        self.outbox = Outbox(store: store, settings: outbox)
        teller = KeySetTeller(vault: vault, store: self.store, logger: logger)
    }

    /// Begins a dialog, or repeats the answer of one begun under the same key by the same device.
    ///
    /// - Parameters:
    ///   - idempotencyKey: unique per device key; the same key with another request is refused.
    ///   - requestDigest: SHA-256 of the request's bytes and path, hex.
    func begin(_ purpose: DialogRecord.Purpose, handshake: HandsetAPI.Handshake, caller: HandsetCaller,
               idempotencyKey: String, requestDigest: String) async throws(HandsetRefusal) -> EncodedAnswer {
        guard !idempotencyKey.isEmpty, idempotencyKey.utf8.count <= 128 else {
            throw HandsetRefusal(.invalidRequest, "an Idempotency-Key of 1 to 128 characters is needed")
        }
        guard handshake.components.count <= settings.maximumComponents else {
            throw HandsetRefusal(.invalidRequest, "a handshake may name \(settings.maximumComponents) secure components at most")
        }
        return try await gate.pass("key/\(caller.deviceKeyThumbprint)/\(idempotencyKey)") { () async throws(HandsetRefusal) in
            if let begun = try await stored({ try await self.store.dialog(idempotencyKey: idempotencyKey, deviceKey: caller.deviceKeyThumbprint) }) {
                guard begun.requestDigest == requestDigest, begun.dialog.caller == caller else {
                    throw HandsetRefusal(.idempotencyConflict, "this Idempotency-Key was used for another request")
                }
                return try await lastAnswer(begun.dialog)
            }
            return try await gate.pass("instance/\(caller.serviceProviderId)/\(purpose.instanceId ?? idempotencyKey)") { () async throws(HandsetRefusal) in
                try await beginNew(purpose, handshake: handshake, caller: caller, idempotencyKey: idempotencyKey, requestDigest: requestDigest)
            }
        }
    }

    private func beginNew(_ purpose: DialogRecord.Purpose, handshake: HandsetAPI.Handshake, caller: HandsetCaller,
                          idempotencyKey: String, requestDigest: String) async throws(HandsetRefusal) -> EncodedAnswer {
        let now = environment.now()
        var dialog = DialogRecord(
            id: environment.uuid(), sessionId: Hex.encode(environment.randomBytes(16)), caller: caller, purpose: purpose.withoutValues,
            components: handshake.components, stopsOnError: handshake.stopsOnError, provesTogether: handshake.provesTogether, inaccessible: handshake.inaccessible, stage: .ended, began: now,
            leaseExpires: now.addingTimeInterval(settings.lease), reportNumber: 0,
            lastReportDigest: nil, startTold: false)
        if let commands = purpose.deployment?.commands { dialog.provided = ProvidedData(commands) }
        var changes = DialogChanges()
        do throws(TSMFailure) {
            guard try await read({ try await self.store.openDialogCount(deviceKey: caller.deviceKeyThumbprint) }) < settings.maximumOpenDialogs else {
                throw TSMFailure(.overloadProtection, "")
            }
            // What runs finishes; nothing new begins (TR-03165 4.2.4.4).
            guard await !catalogue.isClosed() else { throw TSMFailure(.underMaintenance, "") }
            try await sealProvidedData(&dialog)
            try await start(&dialog, &changes)
        } catch {
            await forgetUnbegun(dialog)
            // Refused before anything began: a result without a process, and nothing to keep.
            let refused = outcome(of: dialog, failing: RunFailure(error), instance: changes.instance, started: false)
            try await tellRefusal(of: dialog, refused, changes, idempotencyKey: idempotencyKey)
            return try encoded(HandsetAPI.DialogAnswer(dialogId: "", sessionId: nil, reportNumber: nil, order: nil, result: refused))
        }
        return try await commit(&dialog, changes, insertingAs: (idempotencyKey, requestDigest))
    }

    /// Takes report `number` of a dialog. A repeated report gets the same answer; any other number or sender is refused.
    func report(_ number: Int, _ report: SERAM.Report, digest: String, dialogId: String, caller: HandsetCaller) async throws(HandsetRefusal) -> EncodedAnswer {
        try await gate.pass("dialog/\(dialogId)") { () async throws(HandsetRefusal) in
            guard let dialog = try await stored({ try await self.store.dialog(id: dialogId) }), dialog.caller == caller else {
                throw HandsetRefusal(.unknownDialog, "there is no such process")
            }
            return try await take(number, report, digest: digest, dialog)
        }
    }

    /// The plain SERAM endpoint: the session ID names the dialog, reports are told apart by their digest.
    func report(_ report: SERAM.Report, digest: String, sessionDigest: String, caller: HandsetCaller) async throws(HandsetRefusal) -> EncodedAnswer {
        guard let found = try await stored({ try await self.store.dialog(sessionDigest: sessionDigest) }), found.caller == caller else {
            throw HandsetRefusal(.unknownDialog, "there is no such session")
        }
        return try await gate.pass("dialog/\(found.id)") { () async throws(HandsetRefusal) in
            guard let dialog = try await stored({ try await self.store.dialog(id: found.id) }) else {
                throw HandsetRefusal(.unknownDialog, "there is no such session")
            }
            if report.localAgentStatus.localAgentStatusEnum == .polling || digest == dialog.lastReportDigest { return try await lastAnswer(dialog) }
            return try await take(dialog.reportNumber, report, digest: digest, dialog)
        }
    }

    private func take(_ number: Int, _ report: SERAM.Report, digest: String, _ found: DialogRecord) async throws(HandsetRefusal) -> EncodedAnswer {
        var dialog = found
        if digest == dialog.lastReportDigest && (number == dialog.reportNumber - 1 || dialog.isEnded && number == dialog.reportNumber) { return try await lastAnswer(dialog) }
        guard !dialog.isEnded else {
            // Late: the outstanding order's report is recorded once, for nothing but a later look at what happened.
            if number == dialog.reportNumber, try await !stored({ try await self.store.hasJournal("late report", dialog: found.id) }) {
                try await journal("late report", report, dialog: dialog.id)
            }
            throw HandsetRefusal(.reportOutOfOrder, "the process has ended")
        }
        guard number == dialog.reportNumber else { throw HandsetRefusal(.reportOutOfOrder, "report \(dialog.reportNumber) is expected") }
        try await journal("report", report, dialog: dialog.id)
        dialog.lastReportDigest = digest
        dialog.leaseExpires = environment.now().addingTimeInterval(settings.lease)
        var changes = DialogChanges()
        if number < Self.maximumOrders {
            await advance(&dialog, report, &changes)
        } else {
            // An issuer that always wants one more script would keep the process, and its journal, growing.
            await fail(&dialog, RunFailure(.issuerError, "the process was ended after \(number) orders"), &changes)
        }
        return try await commit(&dialog, changes, insertingAs: nil)
    }

    /// Ends dialogs whose handset has gone silent (design section 4, leases).
    /// - Returns: how many were ended.
    public func endExpiredDialogs() async throws -> Int {
        let expired = try await store.expiredDialogs(now: environment.now(), limit: 100)
        // Side by side: one issuer that does not answer must not hold up the others.
        await withTaskGroup(of: Void.self) { group in
            for id in expired { group.addTask { await self.gate.pass("dialog/\(id)") { await self.endIfExpired(id) } } }
        }
        return expired.count
    }

    func endIfExpired(_ id: String) async {
        do {
            guard var dialog = try await store.dialog(id: id), !dialog.isEnded, dialog.leaseExpires <= environment.now() else { return }
            var changes = DialogChanges()
            await fail(&dialog, RunFailure(.executionInterrupted, "the handset was silent for longer than \(Int(settings.lease)) seconds"), &changes)
            _ = try await commit(&dialog, changes, insertingAs: nil)
        } catch {
            logger.error("a dialog's lease has run out, but it could not be ended", metadata: ["dialog": "\(id)", "error": "\(error)"])
        }
    }

    public func openDialogCount() async throws -> Int { try await store.openDialogCount() }

    // MARK: durable steps

    func commit(_ dialog: inout DialogRecord, _ given: DialogChanges, insertingAs key: (idempotency: String, digest: String)?) async throws(HandsetRefusal) -> EncodedAnswer {
        var changes = given
        let told: HandsetAPI.DialogAnswer?
        do throws(KeyVaultError) {
            told = try await settleAnswers(&dialog, &changes)
        } catch {
            logger.error("what applications answered cannot be sealed", metadata: ["process": "\(dialog.id)", "error": "\(error)"])
            throw HandsetRefusal(.unavailable, "the TSM's key vault is not available; report again later")
        }
        let (written, settled) = (dialog, changes)
        let answer = try encoded(dialog.nextAnswer)
        guard try await stored({ try await self.write(written, answer, settled, insertingAs: key) }) else {
            // Another dialog has created an instance on this component meanwhile: ours comes second.
            end(&dialog, with: outcome(of: dialog, failing: RunFailure(.alreadyExists, "a service instance of this service has just been created on a secure component of this handset; ask for the service's instances"), instance: nil, started: false))
            let second = dialog
            let answer = try encoded(dialog.nextAnswer)
            _ = try await stored { try await self.write(second, answer, DialogChanges(), insertingAs: key) }
            return answer
        }
        await teller.tell(changes.keySetTasks)
        await forgetNow(changes)
        if let told { return try encoded(told) }
        return answer
    }

    /// What was answered before, for whoever repeats the request or report.
    private func lastAnswer(_ dialog: DialogRecord) async throws(HandsetRefusal) -> EncodedAnswer {
        guard let answer = try await stored({ try await self.store.lastAnswer(dialog: dialog.id) }) else {
            throw HandsetRefusal(.unknownDialog, "the process ended so long ago that its answer is not kept any more")
        }
        return try await withSealedAnswers(answer, of: dialog)
    }

    func encoded(_ answer: HandsetAPI.DialogAnswer?) throws(HandsetRefusal) -> EncodedAnswer {
        do {
            guard let answer else { throw HandsetRefusal(.unavailable, "the TSM has no answer to this; give the process ID to its operator") }
            return try EncodedAnswer(answer)
        } catch {
            logger.error("an answer cannot be told", metadata: ["error": "\(error)"])
            throw HandsetRefusal(.unavailable, "the TSM cannot tell its answer; give the process ID to its operator")
        }
    }

    /// - Returns: false, and nothing is written, if the instance that is to be created exists.
    private func write(_ dialog: DialogRecord, _ answer: EncodedAnswer, _ changes: DialogChanges, insertingAs key: (idempotency: String, digest: String)?) async throws -> Bool {
        let now = environment.now()
        let proofExpires = now.addingTimeInterval(settings.proofOfCard)
        let told = outboxEntry(dialog, changes)
        defer { if let told { outbox.ring(for: told) } }
        return try await store.store.write { [self] db in
            if case .create = dialog.purpose, let instance = changes.instance, changes.savesInstance {
                for component in Set(changes.handsetComponents + [instance.componentId])
                where try HandsetStore.hasInstance(service: instance.serviceId, component: component, in: db) { return false }
            }
            if let key {
                try HandsetStore.insert(dialog, sessionDigest: SessionDigest.of(dialog.sessionId), idempotencyKey: key.idempotency, requestDigest: key.digest, in: db)
            } else {
                try HandsetStore.update(dialog, in: db)
            }
            for component in changes.components { try HandsetStore.save(component, deviceKey: dialog.caller.deviceKeyThumbprint, proofExpires: proofExpires, in: db) }
            if let deleted = changes.deletedInstance {
                try HandsetStore.deleteInstance(id: deleted, in: db)
            } else if let instance = changes.instance, changes.savesInstance {
                try HandsetStore.save(instance, in: db)
            }
            for task in changes.keySetTasks { try HandsetStore.insert(task, in: db) }
            if let due = changes.forgetsProcess { try HandsetStore.forget(process: dialog.id, due: due, in: db) }
            if let action = changes.operatorAction {
                try QuarantineTable.record(action, db)
                try HandsetStore.journal(JournalEvent.operatorKind, try WireJSON.encode(action), dialog: dialog.id, at: now, in: db)
            }
            try HandsetStore.journal(dialog.isEnded ? "result" : "order", answer.body, dialog: dialog.id, at: now, in: db)
            if let told, try !outbox.insert(told, at: now, in: db) { noteDropped(told) }
            return true
        }
    }

    private func journal(_ kind: String, _ body: some Encodable & Sendable, dialog: String) async throws(HandsetRefusal) {
        let now = environment.now()
        _ = try await stored {
            let text = try WireJSON.encode(body)
            try await self.store.store.write { db in try HandsetStore.journal(kind, text, dialog: dialog, at: now, in: db) }
            return true
        }
    }

    func stored<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws(HandsetRefusal) -> Value {
        do {
            return try await body()
        } catch {
            logger.error("the store failed", metadata: ["error": "\(error)"])
            throw HandsetRefusal(.unavailable, "the TSM cannot store what it is told; nothing was changed, try again later")
        }
    }
}
