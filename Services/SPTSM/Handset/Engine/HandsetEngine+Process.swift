import DeploymentDocument
import Foundation
import GlobalPlatform
import KeyVaultAPI
import Provisioning
import SEIAPI
import TrustedServiceModel

/// deployService, updateService, suspendOrResumeService and terminateService: plan, run, result (TR-03165 3.2, 4.2.5.3, 4.2.5.6; design section 5).
extension HandsetEngine {
    func startProcess(_ dialog: inout DialogRecord, _ changes: inout DialogChanges) async throws(TSMFailure) {
        guard let id = dialog.purpose.instanceId else { throw TSMFailure(.internalError, "the call names no service instance") }
        try Identifiers.requireUUID(id, "serviceInstanceId")
        if case .deploy(_, let commands, let finalize) = dialog.purpose {
            try DeploymentRules.checkArguments(commands.map(\.kind), finalize: finalize)
        }
        if case .update(_, let version, let commands, let finalize) = dialog.purpose { try checkUpdateArguments(version, commands, finalize: finalize) }
        guard let named = try await instance(id, dialog.caller) else { throw TSMFailure(.notFound, "service instance \(id) does not exist") }
        let service = try await authorizedService(of: named, dialog)
        try await requireNoOpenProcess(on: id)
        guard let instance = try await instance(id, dialog.caller) else { throw TSMFailure(.notFound, "service instance \(id) does not exist") }
        guard let claim = try await claimedComponent(of: instance, dialog) else {
            throw TSMFailure(.secureComponentInaccessible, "the secure component that this service instance lives on is not in the handset, or this app may not read it")
        }
        guard let component = try await provenComponent(dialog, dialog.components[claim]), component.id == instance.componentId else {
            let issuer = String(instance.componentId.prefix { $0 != "/" })
            return try await askForProof(&dialog, of: claim, issuer: issuer)
        }
        let counter = dialog.components[claim].sequenceCounter.flatMap { try? Hex.decode($0) }.flatMap { SequenceCounter(bytes: $0) }.map { Int($0.value) }
        try await startProven(&dialog, &changes, instance: instance, component: component, service: service, issuerCounter: counter)
    }

    /// The card is proven: from here on the instance may be shown and changed. Judged by the catalogue as it is now, not as it was before the proof.
    func startProven(_ dialog: inout DialogRecord, _ changes: inout DialogChanges, instance given: InstanceRecord, component: ComponentRecord,
                     service: ServiceDocument?, issuerCounter: Int?) async throws(TSMFailure) {
        var instance = given
        // What an earlier process has read may have changed since.
        instance.content.reading = nil
        changes.instance = instance
        dialog.stateBefore = instance.state
        try await requireOpen(instance)
        // Asked again: the proof may be older than the operator's decision. What is on such a card may still be taken off.
        if dialog.purpose.deployment != nil { try requireAccepted(component.component) }
        if let service, case .deploy(_, let commands, let finalize) = dialog.purpose {
            // On the way to deployment with unknown content, only starting over helps: as from InError.
            let interrupted = !instance.content.isKnown && [.installed, .personalized, .activated].contains(instance.state)
            let transition = try DeploymentRules.deployment(
                from: interrupted ? .inError : instance.state, lastStableState: interrupted ? instance.state : instance.lastStableState,
                commands: commands.map(\.kind), finalize: finalize, suspendOnCompletion: suspends(commands, instance))
            if transition.startsAfresh {
                guard let document = try await catalogue.document(service: service.id, version: instance.document.versionTag, profile: instance.document.profile.id) else {
                    throw TSMFailure(.noEligibleSecureComponent, "version \(instance.document.versionTag) has no published Flavor for this secure component any more")
                }
                // What an interrupted process left may still be on the card, and the Flavor may have changed since.
                if instance.previousDocument == nil, instance.content.holdsSecurityDomain || !instance.content.isKnown, document != instance.document.content {
                    instance.previousDocument = instance.document.content
                }
                instance.document = try pin(document, instead: instance.document)
            } else if !instance.content.isKnown {
                throw TSMFailure(.notAllowed, "the last process on this service instance was interrupted; deploy again with a list that begins with Install, or terminate")
            }
        }
        if let service, case .update(_, let version, let commands, let finalize) = dialog.purpose {
            try await prepareUpdate(version, commands, finalize: finalize, of: service, &instance)
        }
        if dialog.purpose.deployment != nil {
            let provided: ProvidedData
            do throws(RunFailure) { provided = try await providedData(dialog) } catch { throw error.failure }
            // For the steps to come without opening its seal again.
            dialog.provided = provided
            try provided.checkNames(instance.document.content)
        }
        if case .suspend(_, let suspend) = dialog.purpose { try await checkSuspension(suspend, instance) }
        changes.instance = instance
        if !needsCard(dialog.purpose, instance) { return finish(&dialog, &changes, instance) }
        do throws(RunFailure) {
            try await beginRun(&dialog, &changes, instance: instance, component: component, issuerCounter: issuerCounter)
        } catch {
            // Nothing has left: the Version is the one before.
            if dialog.purpose.isUpdate { changes.instance = given }
            throw error.failure
        }
    }

    /// Makes the plan and issues its first order. While its outcome is open the card's content counts as unknown.
    func beginRun(_ dialog: inout DialogRecord, _ changes: inout DialogChanges, instance given: InstanceRecord, component: ComponentRecord,
                  issuerCounter: Int?, reconciled: Bool = false) async throws(RunFailure) {
        var instance = given
        let parameter = SCP03Parameter(rawValue: component.component.scpParameter)
        let predictable = parameter.hasPseudoRandomChallenge && issuerCounter != nil && dialog.stopsOnError
        let reading = reconciled ? nil : reconciliation(dialog.purpose, instance)
        let reconciles = reading != nil
        let plan: [PlannedSession]
        do throws(TSMFailure) {
            plan = if let reading { reading } else { try await sessions(dialog.purpose, instance, component, predictable ? .predictable : .random) }
            try LoadCapacity.check(plan, of: instance.document.content, scpParameter: parameter.rawValue)
        } catch {
            throw RunFailure(error)
        }
        try await checkProvidedData(plan, dialog, instance)
        var run = RunState(purpose: reconciles ? .reconcile : .main, challenge: predictable ? .predictable : .random, issuerCounter: issuerCounter, plan: plan,
                           keys: RunState.Keys(firstKeySetId: nil, finalKeySetId: instance.content.finalKeySetId, finalCounter: instance.content.finalCounter))
        guard !plan.isEmpty else {
            if reconciled {
                // The card was proven to hold nothing of this instance: whatever keys were made for it are on no card.
                instance.content.isKnown = true
                changes.keySetTasks += instance.takeUselessKeySets(provesAnswers: parameter.supportsResponseMAC)
            }
            return finish(&dialog, &changes, instance)
        }
        let executor = try await executor(dialog, instance, component)
        let pieces: [OrderPiece]
        do throws(RunFailure) {
            pieces = try await executor.begin(&run)
        } catch {
            await executor.abandon(run)
            // No order with them has left, so no card can hold them.
            let made = [run.keys.firstKeySetId, run.keys.finalKeySetId].compactMap { $0 }.filter { $0 != instance.content.finalKeySetId }
            await teller.tell(made.map { KeySetTask(keySetId: $0, action: .destroy) })
            throw error
        }
        if dialog.stateBefore == nil { dialog.stateBefore = instance.state }
        if !reconciles, dialog.purpose.installs { instance.state = .initialized }
        instance.note(run)
        if let claim = dialog.components.first(where: { ComponentRecord.claimKey(iin: $0.iin, cin: $0.cin) == component.claimKey }) { instance.reader = claim.reader }
        changes.instance = instance
        changes.savesInstance = true
        issue(pieces, run, component: secureElement(dialog, component), operation: operation(dialog.purpose), &dialog)
    }

    func takeRun(_ given: RunState, _ report: SERAM.Report, _ dialog: inout DialogRecord, _ changes: inout DialogChanges) async throws(RunFailure) {
        var run = given
        run.orderOutstanding = false
        dialog.stage = .running(run)
        guard let id = dialog.purpose.instanceId else { throw RunFailure(.internalError, "the process names no service instance") }
        let found: (InstanceRecord, ComponentRecord)
        do throws(TSMFailure) {
            guard let instance = try await instance(id, dialog.caller), let component = try await read({ try await self.store.component(id: instance.componentId) }) else {
                throw TSMFailure(.notFound, "service instance \(id) does not exist")
            }
            found = (instance, component)
        } catch {
            throw RunFailure(error)
        }
        var (instance, component) = found
        changes.instance = instance
        let executor = try await executor(dialog, instance, component)
        let pieces: [OrderPiece]
        do throws(RunFailure) {
            let parts: [[HexBytes]]
            do throws(TSMFailure) {
                parts = try ReportSplitter.split(report, by: run.layout ?? OrderLayout([]))
            } catch {
                // Nothing is known of what the card was sent: as if no report had come.
                run.orderOutstanding = true
                throw RunFailure(error)
            }
            if parts.allSatisfy(\.isEmpty), let failure = AgentFailure.failure(report, issuerName: instance.document.profile.issuerId) { throw RunFailure(failure) }
            do throws(RunFailure) {
                pieces = try await executor.take(parts, &run)
            } catch {
                throw AgentFailure.explaining(error, by: report, issuerName: instance.document.profile.issuerId)
            }
            changes.keySetTasks += run.takeKeySetTasks()
            dialog.note(run.takeAnswers())
        } catch {
            // What sessions before the failure have proven stays proven.
            changes.keySetTasks += run.takeKeySetTasks()
            dialog.note(run.takeAnswers())
            dialog.stage = .running(run)
            if let cause = run.cause {
                logger.notice("a failed deployment could not be taken back", metadata: ["process": "\(dialog.id)", "reason": "\(error.failure.details)"])
                throw RunFailure(cause.failure, command: cause.command)
            }
            if await takeBack(after: error, run, &dialog, &changes, instance: instance, component: component, executor) { return }
            if goesOnWithoutDomain(after: error, run, dialog.purpose) {
                await executor.abandon(run)
                instance.content.reading = CardReading(isWhole: false)
                return try await beginRun(&dialog, &changes, instance: instance, component: component, issuerCounter: run.challenge == .predictable ? run.issuerCounter : nil)
            }
            throw error
        }
        guard pieces.isEmpty else {
            if run.purpose == .main, pieces.contains(where: { $0.part != .opening && run.sessions[$0.session].isSecurityDomain }) {
                do throws(RunFailure) {
                    try await requireUnchanged(dialog.purpose, instance)
                } catch {
                    if await takeBack(after: error, run, &dialog, &changes, instance: instance, component: component, executor) { return }
                    throw error
                }
            }
            instance.note(run)
            changes.instance = instance
            changes.savesInstance = true
            return issue(pieces, run, component: secureElement(dialog, component), operation: operation(dialog.purpose), &dialog)
        }
        if run.purpose == .reconcile {
            let counter = noteReading(run, &instance)
            changes.instance = instance
            instance.noteProvenCounter(run)
            component.component.sequenceCounter = nil
            // After the domain's own word the issuer's may still be needed.
            return try await beginRun(&dialog, &changes, instance: instance, component: component, issuerCounter: counter, reconciled: !run.readsContent)
        }
        let provesAnswers = SCP03Parameter(rawValue: component.component.scpParameter).supportsResponseMAC
        if run.purpose == .cleanUp { return endTakenBack(run, &dialog, &changes, instance, provesAnswers: provesAnswers) }
        let remark = remark(on: dialog.purpose, instance)
        instance.settle(run, provesAnswers: provesAnswers)
        changes.keySetTasks += instance.takeUselessKeySets(provesAnswers: provesAnswers)
        finish(&dialog, &changes, instance, remark: remark)
    }

    /// Every session is verified, or none was needed.
    func finish(_ dialog: inout DialogRecord, _ changes: inout DialogChanges, _ given: InstanceRecord, remark: String = "") {
        var instance = given
        switch dialog.purpose {
        case .deploy(_, let commands, let finalize), .update(_, _, let commands, let finalize):
            let suspends = suspends(commands, instance)
            instance.suspendOnCompletion = suspends
            let reached = commands.last.map { DeploymentRules.resultingState($0.kind) } ?? (dialog.stateBefore ?? instance.state)
            instance.state = finalize ? (suspends ? .suspended : .operational) : reached
            instance.lastStableState = instance.state
            instance.lastOperation = operation(dialog.purpose)
            instance.previousDocument = nil
            instance.attemptedDocuments = nil
            if finalize { instance.content.lockedInstances = nil }
            changes.savesInstance = true
        case .suspend(_, let suspend):
            settleSuspension(suspend, &instance)
            changes.savesInstance = true
        default:
            changes.deletedInstance = instance.id
        }
        changes.instance = instance
        end(&dialog, with: succeeded(dialog, instance: instance, remark: remark))
    }

    /// Ends a dialog with a failure: nothing changed on the card: the state before; else InError, and the next process reconciles.
    func fail(_ dialog: inout DialogRecord, _ failure: RunFailure, _ changes: inout DialogChanges) async {
        if changes.instance == nil, let id = dialog.purpose.instanceId {
            do throws(TSMFailure) {
                changes.instance = try await instance(id, dialog.caller)
            } catch {
                // The next process reconciles from what was stored before; `read` has logged why.
                logger.error("a failed process's instance cannot be read, so its state stays as it is", metadata: ["process": "\(dialog.id)", "instance": "\(id)"])
            }
        }
        if case .running(let run) = dialog.stage, var instance = changes.instance {
            await abandon(run, of: dialog, instance)
            let before = dialog.stateBefore ?? instance.lastStableState
            let after = LifeCycleRules.afterFailure(in: LifeCycleSituation(state: before, lastStableState: instance.lastStableState), changedCard: run.changedCard || run.mayBeChangingCard)
            (instance.state, instance.lastStableState) = (after.state, after.lastStableState)
            if instance.state != .inError {
                do throws(TSMFailure) {
                    try unpin(&instance)
                } catch {
                    // The next process reads what the card really holds.
                    instance.state = .inError
                }
            }
            changes.instance = instance
            changes.savesInstance = true
        }
        logger.notice("a process failed", metadata: ["process": "\(dialog.id)", "category": "\(failure.failure.category.rawValue)", "reason": "\(failure.failure.details)"])
        end(&dialog, with: outcome(of: dialog, failing: failure, instance: changes.instance, started: dialog.startTold))
    }

    /// Gives up what the run left open with issuer and vault. It expires there by itself, so a failure is logged and nothing more.
    private func abandon(_ run: RunState, of dialog: DialogRecord, _ instance: InstanceRecord) async {
        do {
            guard let component = try await store.component(id: instance.componentId) else { return }
            await (try await executor(dialog, instance, component)).abandon(run)
        } catch {
            logger.warning("a failed process's issuer dialog and channels are left to expire", metadata: ["process": "\(dialog.id)", "error": "\(error)"])
        }
    }
}
