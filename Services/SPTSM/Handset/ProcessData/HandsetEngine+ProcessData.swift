import GlobalPlatform
import KeyVaultAPI
import Provisioning
import ServiceKit
import TrustedServiceModel

/// Values of the SP app's and answers of its applications: kept sealed under a key of the process, which the vault destroys when it has ended
/// (TR-03165 3.2.1.3; design section 5).
extension HandsetEngine {
    /// Seals what the call brought, before anything of it is stored.
    func sealProvidedData(_ dialog: inout DialogRecord) async throws(TSMFailure) {
        guard let provided = dialog.provided, !provided.isEmpty else { return }
        try provided.checkLimits()
        do throws(KeyVaultError) {
            dialog.sealedValues = try await seal(provided, process: dialog.id)
        } catch {
            throw RunFailure(error).failure
        }
    }

    /// What the call brought: from memory in its first step, from its seal later.
    func providedData(_ dialog: DialogRecord) async throws(RunFailure) -> ProvidedData {
        if let provided = dialog.provided { return provided }
        guard let sealed = dialog.sealedValues else { return ProvidedData() }
        do throws(KeyVaultError) {
            return try await open(ProvidedData.self, sealed, process: dialog.id)
        } catch {
            throw RunFailure(error)
        }
    }

    /// Everything that the plan's steps put on the card is there, or nothing of it begins.
    func checkProvidedData(_ plan: [PlannedSession], _ dialog: DialogRecord, _ instance: InstanceRecord) async throws(RunFailure) {
        let document = instance.document.content
        let needsData = plan.contains { session in
            if case .securityDomain(_, let steps) = session { steps.contains { $0.needs(document) != nil } } else { false }
        }
        guard needsData else { return }
        let provided = try await providedData(dialog)
        do throws(TSMFailure) { try provided.checkComplete(plan, document) } catch { throw RunFailure(error) }
    }

    /// The dialog with this step's answers sealed, as it is stored; and its answer with them, as the handset gets it.
    ///
    /// - Returns: nil where there are none: the answer is told as it is stored.
    func settleAnswers(_ dialog: inout DialogRecord, _ changes: inout DialogChanges) async throws(KeyVaultError) -> HandsetAPI.DialogAnswer? {
        defer {
            if dialog.isEnded, dialog.sealedValues != nil || !dialog.sealedAnswers.isEmptyOrNil {
                // Repetitions of a lost answer are answered for one lease; a process without answers is forgotten at once.
                changes.forgetsProcess = environment.now().addingTimeInterval(dialog.sealedAnswers.isEmptyOrNil ? 0 : settings.lease)
                dialog.sealedValues = nil
            }
        }
        var answers = PersonalizationAnswers()
        if dialog.isEnded { answers = try await sealedAnswers(dialog) }
        if let own = dialog.answers, !own.isEmpty {
            answers.append(own)
            dialog.sealedAnswers = (dialog.sealedAnswers ?? []) + [try await seal(own, process: dialog.id)]
            dialog.answers = nil
        }
        guard dialog.isEnded, !answers.isEmpty, let answer = dialog.nextAnswer else { return nil }
        dialog.nextAnswer = answer.with(answers.withoutData)
        return answer.with(answers)
    }

    /// A repeated answer, with the applications' data for as long as it is kept.
    func withSealedAnswers(_ answer: EncodedAnswer, of dialog: DialogRecord) async throws(HandsetRefusal) -> EncodedAnswer {
        guard dialog.isEnded, !dialog.sealedAnswers.isEmptyOrNil else { return answer }
        let answers: PersonalizationAnswers
        do throws(KeyVaultError) {
            answers = try await sealedAnswers(dialog)
        } catch {
            // Forgotten: told as it is stored. Anything else is worth a line, and no reason to tell nothing.
            if error.code != .notFound { logger.warning("an answer is repeated without what the applications answered", metadata: ["process": "\(dialog.id)", "error": "\(error)"]) }
            return answer
        }
        return try encoded(answer.answer.with(answers))
    }

    /// Has the vault destroy the keys of processes that have ended.
    func forgetProcesses() async throws {
        let due = try await store.processesToForget(now: environment.now(), limit: 64)
        guard !due.isEmpty else { return }
        do throws(KeyVaultError) {
            _ = try await vault.batch(VaultBatch(due.map { .forgetProcess(process: $0) }))
        } catch {
            logger.warning("the vault is told later which processes to forget", metadata: ["count": "\(due.count)", "error": "\(error)"])
            return
        }
        try await store.forgotten(due)
    }

    /// The call was refused before it became a process: nothing of what it brought is needed any more.
    func forgetUnbegun(_ dialog: DialogRecord) async {
        guard dialog.sealedValues != nil else { return }
        let now = environment.now()
        do {
            try await store.store.write { db in try HandsetStore.forget(process: dialog.id, due: now, in: db) }
            try await forgetProcesses()
        } catch {
            logger.warning("the key of a call that was refused stays in the vault until its time is up", metadata: ["process": "\(dialog.id)", "error": "\(error)"])
        }
    }

    /// After a step that ended a process.
    func forgetNow(_ changes: DialogChanges) async {
        guard let due = changes.forgetsProcess, due <= environment.now() else { return }
        do {
            try await forgetProcesses()
        } catch {
            logger.warning("processes to forget cannot be read; they are forgotten later", metadata: ["error": "\(error)"])
        }
    }

    // MARK: sealing

    private func sealedAnswers(_ dialog: DialogRecord) async throws(KeyVaultError) -> PersonalizationAnswers {
        var answers = PersonalizationAnswers()
        for sealed in dialog.sealedAnswers ?? [] { answers.append(try await open(PersonalizationAnswers.self, sealed, process: dialog.id)) }
        return answers
    }

    private func seal(_ value: some Encodable, process: String) async throws(KeyVaultError) -> HexBytes {
        let bytes: [UInt8]
        do { bytes = try WireJSON.encode(value) } catch { throw KeyVaultError(.internalError, "data of a process cannot be encoded") }
        guard let sealed = try await vault.batch(VaultBatch([.sealProcessData(process: process, data: HexBytes(bytes))])).steps.first?.data else {
            throw KeyVaultError(.internalError, "the key vault sealed nothing")
        }
        return sealed
    }

    private func open<Value: Decodable>(_ type: Value.Type, _ sealed: HexBytes, process: String) async throws(KeyVaultError) -> Value {
        guard let bytes = try await vault.batch(VaultBatch([.openProcessData(process: process, sealed: sealed)])).steps.first?.data else {
            throw KeyVaultError(.internalError, "the key vault opened nothing")
        }
        do { return try WireJSON.decode(type, from: bytes.bytes) } catch { throw KeyVaultError(.internalError, "sealed data of a process is not what was sealed") }
    }
}

extension [HexBytes]? {
    fileprivate var isEmptyOrNil: Bool { self?.isEmpty ?? true }
}
