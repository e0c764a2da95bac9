import DeploymentDocument
import Foundation
import GlobalPlatform
import KeyVaultAPI
import Logging
import Provisioning
import SEIAPI
import TrustedServiceModel

/// Moves a run from order to order: makes the pieces of the next order, verifies the report of the last one.
///
/// Predicted runs are one order. Where a prediction proves wrong, or challenges are random, each session opens with SELECT and
/// INITIALIZE UPDATE at the end of one order and goes on in the next (design section 4).
struct RunExecutor: Sendable {
    /// Facts of the process that do not change while it runs.
    struct Context: Sendable {
        var process: String
        var document: DeploymentDocument
        var component: SEI.SecureComponent
        var finalKeyVersion: UInt8 = 0x31
        var firstKeyVersion: UInt8 = 0x30
    }

    let vault: any KeyVault
    let issuer: any SecureElementIssuer
    let catalogue: any Catalogue
    let context: Context
    let logger: Logger
    /// What the call brought for the scripts of its applications; asked for where a session's steps need it.
    var provided: @Sendable () async throws(RunFailure) -> ProvidedData = { () async throws(RunFailure) in ProvidedData() }

    var parameter: SCP03Parameter { SCP03Parameter(rawValue: context.component.scpParameter) }
    var level: SecurityLevel { .strongest(for: parameter) }

    /// Opens the issuer's dialog, makes the keys, and gives the first order's pieces.
    func begin(_ run: inout RunState) async throws(RunFailure) -> [OrderPiece] {
        var issuerDialog: SEI.Dialog?
        let operations = run.sessions.compactMap { session -> [SEI.Operation]? in if case .issuer(let list) = session.planned { list } else { nil } }
        if !operations.isEmpty {
            let dialog = try await openIssuerDialog(operations, &run)
            issuerDialog = dialog
        }
        return try await firstPieces(&run, issuerDialog)
    }

    /// Verifies the report of the outstanding order, part by part.
    /// - Returns: the pieces of the next order; none when every session is verified.
    func take(_ parts: [[HexBytes]], _ run: inout RunState) async throws(RunFailure) -> [OrderPiece] {
        guard let layout = run.layout else { throw RunFailure(.internalError, "no order is outstanding") }
        let reports = try await verifiedReports(layout, parts, run)
        var next: [OrderPiece] = []
        var again: Int?
        var told: SEI.Dialog?
        entries: for (place, (entry, answers)) in zip(layout.entries, parts).enumerated() {
            switch entry.part {
            case .opening:
                next = [try await restPiece(entry, answers, &run)]
            case .whole, .rest:
                guard !answers.isEmpty else { throw unanswered(entry) }
                noteChange(entry, answers, &run)
                let following = followingIssuerSessions(layout, parts, after: place, run)
                if try await verify(entry, answers, reports[entry.session], following, &told, &run) {
                    run.sessions[entry.session].status = .verified
                } else {
                    again = entry.session
                    break entries
                }
            }
        }
        if let again {
            // At most one predicted order per process: from here on we wait for the card's challenges. What was sent behind this
            // session had no effect, or is begun anew.
            run.challenge = .random
            run.sessions[again].isRepeated = true
            for index in run.sessions.indices where run.sessions[index].status == .sent {
                if let channel = run.sessions[index].channelId { await close(channel) }
                run.sessions[index].channelId = nil
                run.sessions[index].status = .waiting
            }
            next = [try await openingPiece(again, &run, issuerDialog: nil)]
        } else if next.isEmpty {
            guard let waiting = run.sessions.firstIndex(where: { $0.status != .verified }) else { return [] }
            next = [try await openingPiece(waiting, &run, issuerDialog: nil)]
        }
        if let last = next.last, last.part == .rest, let following = try await followingPiece(last.session, &run) { next.append(following) }
        return next
    }

    /// The opening of the following session rides along with the rest of this one, unless this one may go on afterwards in its channel.
    private func followingPiece(_ index: Int, _ run: inout RunState) async throws(RunFailure) -> OrderPiece? {
        let following = index + 1
        guard following < run.sessions.count else { return nil }
        guard run.sessions[index].planned.isIssuer else { return try await openingPiece(following, &run, issuerDialog: nil) }
        // A session of the issuer's that is begun anew may list the registry page by page.
        guard run.sessions[index].isRepeated != true else { return nil }
        guard run.sessions[following].planned.isIssuer else { return try await openingPiece(following, &run, issuerDialog: nil) }
        guard let piece = try await followingIssuerPiece(following, run) else { return nil }
        run.sessions[following].status = .sent
        return piece
    }

    /// Gives up what is still open elsewhere; what cannot be reached expires by its own lease.
    func abandon(_ run: RunState) async {
        if let dialog = run.issuerDialogId, !run.isComplete {
            do throws(SEIError) {
                try await issuer.abandonDialog(dialog)
            } catch {
                logger.warning("the issuer's dialog stays open until its lease ends", metadata: ["process": "\(context.process)", "dialog": "\(dialog)", "error": "\(error)"])
            }
        }
        for session in run.sessions where session.status != .verified {
            if let channel = session.channelId { await close(channel) }
        }
    }

    /// A channel that stays open costs the vault memory until it forgets it, and nothing else.
    private func close(_ channel: String) async {
        do throws(KeyVaultError) {
            try await vault.closeChannel(channel)
        } catch {
            if error.code == .notFound { return }
            logger.warning("a channel of the key vault stays open", metadata: ["process": "\(context.process)", "channel": "\(channel)", "error": "\(error)"])
        }
    }

    /// First half of a session whose challenge must be awaited.
    func openingPiece(_ index: Int, _ run: inout RunState, issuerDialog: SEI.Dialog?) async throws(RunFailure) -> OrderPiece {
        run.sessions[index].status = .sent
        switch run.sessions[index].planned {
        case .issuer:
            let dialog = if let issuerDialog { issuerDialog } else { try await self.issuerDialog(run) }
            return try issuerPiece(index, whole: false, dialog: dialog, run)
        case .securityDomain:
            return try await challengePiece(index, &run)
        }
    }

    private func restPiece(_ entry: OrderLayout.Entry, _ answers: [HexBytes], _ run: inout RunState) async throws(RunFailure) -> OrderPiece {
        guard answers.count == entry.count else {
            if let refused = answers.last, let failure = refusal(entry, answers.count - 1, refused) { throw failure }
            throw unanswered(entry)
        }
        for (index, answer) in answers.enumerated() {
            if let failure = refusal(entry, index, answer) { throw failure }
        }
        switch run.sessions[entry.session].planned {
        case .issuer: return try await issuerRest(entry.session, answers, &run)
        case .securityDomain: return try await securityDomainRest(entry.session, answers, &run)
        }
    }

    /// - Returns: false if the prediction of this session's challenge was wrong, which changed nothing on the card.
    private func verify(_ entry: OrderLayout.Entry, _ answers: [HexBytes], _ report: VerifiedReport?, _ following: [(entry: OrderLayout.Entry, answers: [HexBytes])],
                        _ told: inout SEI.Dialog?, _ run: inout RunState) async throws(RunFailure) -> Bool {
        switch run.sessions[entry.session].planned {
        case .issuer: try await verifyIssuer(entry, answers, following: following, &told, &run)
        case .securityDomain: try await verifySecurityDomain(entry, answers, report, &run)
        }
    }

    /// The issuer's sessions that ran whole after this one: their answers go along with this one's.
    private func followingIssuerSessions(_ layout: OrderLayout, _ parts: [[HexBytes]], after place: Int,
                                         _ run: RunState) -> [(entry: OrderLayout.Entry, answers: [HexBytes])] {
        zip(layout.entries, parts).dropFirst(place + 1)
            .filter { entry, answers in entry.part == .whole && !answers.isEmpty && run.sessions[entry.session].planned.isIssuer }
            .map { (entry: $0, answers: $1) }
    }

    /// Commands after the opening of a session may change the card. A success that is not verified yet counts as a change, and so
    /// does a command whose answer is missing: neither is proof of anything but that the state before is not certain.
    private func noteChange(_ entry: OrderLayout.Entry, _ answers: [HexBytes], _ run: inout RunState) {
        // An issuer's session begins with SELECT, INITIALIZE UPDATE and EXTERNAL AUTHENTICATE, whatever it calls its steps.
        let opening = entry.part == .rest ? 1 : run.sessions[entry.session].isSecurityDomain ? (entry.steps.first?.count ?? 3) : 3
        func goesOn(_ answer: HexBytes) -> Bool { (try? ResponseAPDU(bytes: answer.bytes))?.statusWord.allowsContinuation ?? false }
        let succeeded = answers.dropFirst(opening).contains(where: goesOn)
        let brokeOff = answers.count >= opening && answers.count < entry.count && (answers.last.map(goesOn) ?? false)
        if succeeded || brokeOff { run.changedCard = true }
    }

    func refusal(_ entry: OrderLayout.Entry, _ index: Int, _ answer: HexBytes) -> RunFailure? {
        guard let response = try? ResponseAPDU(bytes: answer.bytes) else { return RunFailure(.executionInterrupted, "the handset reported an answer that is no R-APDU") }
        guard !response.statusWord.allowsContinuation else { return nil }
        if index == 0 && (response.statusWord == .applicationNotFound || response.statusWord == .appletSelectFailed) {
            return RunFailure(.secureComponentInaccessible, "the secure component does not offer its \(entry.stepName(at: 0) ?? "security domain") to this app (status word \(Hex.encodeUpperCase(response.statusWord.bytes)))")
        }
        return .stopped(step: entry.stepName(at: index) ?? "open secure channel", at: index, of: entry.count, statusWord: response.statusWord, instruction: nil, command: nil)
    }

    private func unanswered(_ entry: OrderLayout.Entry) -> RunFailure {
        RunFailure(.executionInterrupted, "the handset's report ends before '\(entry.stepName(at: 0) ?? "the session")'; call the operation again: it continues from what the card really holds")
    }
}

extension RunState.Session {
    var isSecurityDomain: Bool { if case .securityDomain = planned { true } else { false } }
}
