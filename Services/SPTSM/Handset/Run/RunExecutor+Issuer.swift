import GlobalPlatform
import KeyVaultAPI
import Provisioning
import SEIAPI
import TrustedServiceModel

/// Sessions with the issuer security domain: scripts come from the SEI TSM and go back to it unread (design section 5).
extension RunExecutor {
    func openIssuerDialog(_ operations: [[SEI.Operation]], _ run: inout RunState) async throws(RunFailure) -> SEI.Dialog {
        let counter = run.challenge == .predictable ? run.issuerCounter.flatMap { SequenceCounter(UInt32($0)) } : nil
        let request = SEI.DialogRequest(secureComponentId: context.component.id, process: context.process,
                                        sequenceCounter: counter.map { HexBytes($0.bytes) }, sessions: operations)
        let dialog: SEI.Dialog
        do throws(SEIError) {
            dialog = try await issuer.openDialog(request, idempotencyKey: "\(context.process)-\(run.purpose.rawValue)")
        } catch {
            throw RunFailure(error)
        }
        run.issuerDialogId = dialog.dialogId
        guard dialog.sessions.count == operations.count else { throw RunFailure(.issuerError, "the issuer answered \(dialog.sessions.count) sessions to \(operations.count)") }
        return dialog
    }

    /// The commands that the issuer's session wants sent next. A session takes as many turns as the issuer needs: beginning with
    /// SELECT of its security domain, or going on in the channel that is open.
    /// - Parameter whole: a predicted session, all of it.
    func issuerPiece(_ index: Int, whole: Bool, dialog: SEI.Dialog, _ run: RunState) throws(RunFailure) -> OrderPiece {
        let position = run.issuerIndex(of: index)
        guard position < dialog.sessions.count else { throw RunFailure(.issuerError, "the issuer's dialog has no session \(position)") }
        let session = dialog.sessions[position]
        guard session.status == .ready, !session.commands.isEmpty else {
            throw RunFailure(.issuerError, dialog.failure ?? "the issuer's session \(position) has no script (\(session.status.rawValue))")
        }
        let securityDomain = run.sessions[index].planned.keyedDomain ?? context.component.issuerSecurityDomain
        let selects = try RelayedScript.check(session.commands, securityDomain: securityDomain, mustSelect: whole)
        // More than SELECT and INITIALIZE UPDATE: the issuer predicts this session, whatever became of the ones before.
        let part: OrderPiece.Part = !selects ? .rest : whole || session.commands.count > 2 ? .whole : .opening
        return OrderPiece(session: index, part: part, commands: session.commands, steps: Self.steps(session))
    }

    /// The opening of the issuer's session that follows one of its own, if the issuer gave it ahead: else it is asked for once its turn has come.
    func followingIssuerPiece(_ index: Int, _ run: RunState) async throws(RunFailure) -> OrderPiece? {
        let dialog = try await issuerDialog(run)
        let position = run.issuerIndex(of: index)
        guard position < dialog.sessions.count, dialog.sessions[position].status == .ready else { return nil }
        return try issuerPiece(index, whole: false, dialog: dialog, run)
    }

    func issuerDialog(_ run: RunState) async throws(RunFailure) -> SEI.Dialog {
        guard let id = run.issuerDialogId else { throw RunFailure(.internalError, "the plan's issuer session has no dialog") }
        do throws(SEIError) { return try await issuer.dialog(id) } catch { throw RunFailure(error) }
    }

    func issuerRest(_ index: Int, _ answers: [HexBytes], _ run: inout RunState) async throws(RunFailure) -> OrderPiece {
        let dialog = try await submit(index, answers, run)
        return try issuerPiece(index, whole: false, dialog: dialog, run)
    }

    /// - Parameters:
    ///   - following: later predicted sessions of the issuer's in the same order, with their answers.
    ///   - known: the issuer's last answer to this report; sets it.
    func verifyIssuer(_ entry: OrderLayout.Entry, _ answers: [HexBytes], following: [(entry: OrderLayout.Entry, answers: [HexBytes])],
                      _ known: inout SEI.Dialog?, _ run: inout RunState) async throws(RunFailure) -> Bool {
        let position = run.issuerIndex(of: entry.session)
        let dialog: SEI.Dialog
        if let told = known, told.sessions.indices.contains(position), !isDue(told.sessions[position], entry) {
            dialog = told
        } else {
            dialog = try await submit(entry.session, answers, following: following.map { SEI.FollowingResults(session: run.issuerIndex(of: $0.entry.session), responses: $0.answers) }, run)
        }
        known = dialog
        guard position < dialog.sessions.count else { throw RunFailure(.issuerError, "the issuer's dialog has no session \(position)") }
        switch dialog.sessions[position].status {
        case .verified:
            guard dialog.sessions[position].proven else {
                // Keys are destroyed and instances forgotten on proof alone, never because a handset says so.
                throw RunFailure(.secureComponentError, "the secure component did not prove what the issuer's script did; call the operation again")
            }
            run.registry += dialog.sessions[position].registry
            return true
        case .ready:
            // The prediction was wrong, or the card already held what a command asked for: the issuer goes on with a new script.
            return false
        default:
            throw RunFailure(.issuerError, dialog.failure ?? "the issuer could not verify its script")
        }
    }

    /// The issuer still waits for these results: it took none that came with those of an earlier session.
    private func isDue(_ session: SEI.Session, _ entry: OrderLayout.Entry) -> Bool {
        session.status == .waiting || session.status == .ready && session.commands.count == entry.count
    }

    private func submit(_ index: Int, _ answers: [HexBytes], following: [SEI.FollowingResults] = [], _ run: RunState) async throws(RunFailure) -> SEI.Dialog {
        guard let id = run.issuerDialogId else { throw RunFailure(.internalError, "the plan's issuer session has no dialog") }
        do throws(SEIError) {
            return try await issuer.submitResults(id, SEI.SessionResults(session: run.issuerIndex(of: index), responses: answers,
                                                                                 following: following.isEmpty ? nil : following))
        } catch {
            throw RunFailure(error)
        }
    }

    /// The issuer's names, if their ranges lie within its own script: they index what we send and what comes back.
    static func steps(_ session: SEI.Session) -> [OrderPiece.Step] {
        let total = session.commands.count
        let fits = !session.steps.isEmpty && session.steps.count <= total
            && session.steps.allSatisfy { $0.first >= 0 && $0.count > 0 && $0.first < total && $0.count <= total - $0.first }
        return fits
            ? session.steps.map { OrderPiece.Step(name: String($0.name.prefix(128)), first: $0.first, count: $0.count) }
            : [OrderPiece.Step(name: "issuer's script", first: 0, count: total)]
    }
}
