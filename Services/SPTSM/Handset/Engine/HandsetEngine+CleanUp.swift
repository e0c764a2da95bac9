import GlobalPlatform
import Provisioning
import SEIAPI
import TrustedServiceModel

/// A deployment that the card refused half way leaves nothing behind: the issuer deletes the security domain with all in it, in orders of the same
/// process, and the call then ends with the failure that it had.
extension HandsetEngine {
    /// - Returns: false where nothing is to be, or can be, taken back: then the failure ends the process.
    func takeBack(after failure: RunFailure, _ failed: RunState, _ dialog: inout DialogRecord, _ changes: inout DialogChanges,
                  instance given: InstanceRecord, component: ComponentRecord, _ executor: RunExecutor) async -> Bool {
        // What begins with Install put everything there is on the card; a step of a later call leaves what the earlier ones made.
        // Only where the handset has just reported and will go on: not for reports that are none, channels that cannot be had, an issuer that is away.
        // A failed personalisation is left for the next call: the instance is InError (Appendix A.1).
        guard failed.purpose == .main, failed.changedCard, failure.command != .personalize, [.secureComponentError, .noEligibleSecureComponent].contains(failure.failure.category),
              case .deploy(_, let commands, _) = dialog.purpose, commands.first?.kind == .install else { return false }
        var instance = given
        await executor.abandon(failed)
        let plan = TerminationPlanner.sessions(document: instance.document.content, ownKeysWork: false, holdsSecurityDomain: true, rules: instance.content.accessRules)
        var run = RunState(purpose: .cleanUp, challenge: .random, issuerCounter: nil, plan: plan, keys: RunState.Keys())
        run.cause = RunState.Cause(failure: failure.failure, command: failure.command)
        run.changedCard = true
        let pieces: [OrderPiece]
        do throws(RunFailure) {
            pieces = try await executor.begin(&run)
        } catch {
            await executor.abandon(run)
            logger.notice("a failed deployment stays on the card until the next call", metadata: ["process": "\(dialog.id)", "reason": "\(error.failure.details)"])
            return false
        }
        instance.noteProvenCounter(failed)
        instance.note(run)
        changes.instance = instance
        changes.savesInstance = true
        issue(pieces, run, component: secureElement(dialog, component), operation: operation(dialog.purpose), &dialog)
        return true
    }

    /// Where everything is to be deleted, a security domain that does not answer under our keys is the issuer's to look at and to delete.
    func goesOnWithoutDomain(after failure: RunFailure, _ run: RunState, _ purpose: DialogRecord.Purpose) -> Bool {
        run.readsContent && !purpose.isUpdate && [.secureComponentError, .secureComponentInaccessible].contains(failure.failure.category)
    }

    /// The deletion is verified: the instance is as if it had never been deployed.
    func endTakenBack(_ run: RunState, _ dialog: inout DialogRecord, _ changes: inout DialogChanges, _ given: InstanceRecord, provesAnswers: Bool) {
        var instance = given
        instance.settle(run, provesAnswers: provesAnswers)
        changes.keySetTasks += instance.takeUselessKeySets(provesAnswers: provesAnswers)
        instance.state = .notDeployed
        instance.lastStableState = .notDeployed
        instance.previousDocument = nil
        instance.attemptedDocuments = nil
        instance.content.lockedInstances = nil
        changes.instance = instance
        changes.savesInstance = true
        var failure = run.cause.map { RunFailure($0.failure, command: $0.command) } ?? RunFailure(.internalError, "the deployment was taken back")
        failure.failure.details += "; what was on the card of it is removed again"
        logger.notice("a process failed and was taken back", metadata: ["process": "\(dialog.id)", "category": "\(failure.failure.category.rawValue)", "reason": "\(failure.failure.details)"])
        end(&dialog, with: outcome(of: dialog, failing: failure, instance: instance, started: true))
    }
}
