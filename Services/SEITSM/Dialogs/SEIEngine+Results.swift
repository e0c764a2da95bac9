import Foundation
import GlobalPlatform
import GRDB
import KeyVaultAPI
import SEIAPI

/// What comes back from the card.
extension SEIEngine {
    func submitResults(_ id: String, _ results: SEI.SessionResults, _ spTsm: String) async throws(SEIError) -> SEI.Dialog {
        let turn = try await componentOfDialog(id, spTsm)
        await turns.enter(turn)
        defer { turns.leave(turn) }
        var record = try await current(try await owned(id, spTsm))
        var due: [ReportedSession] = []
        for part in [SEI.SessionResults(session: results.session, responses: results.responses)]
            + (results.following ?? []).map({ SEI.SessionResults(session: $0.session, responses: $0.responses) }) {
            due.append(ReportedSession(results: part, digest: try digest(of: part)))
        }
        let answers = try await answers(to: due, record)
        if let answer = answers.last {
            let (known, rest) = (Array(due[..<answers.count]), Array(due[answers.count...]))
            if let next = rest.first, record.status == .open, record.current == next.results.session, record.sessions[next.results.session].phase == .predicted {
                due = rest
            } else {
                // The answer may have been lost on our side between the verdict and the next session's script.
                guard record.status == .open, record.needsScript else { return answer }
                return try await sendNext(&record, answering: known.map { ($0.results.session, $0.digest) })
            }
        }
        try await admit(due, record)
        let component = try await component(of: record)
        let reports = try await verifiedReports(due, record, component)
        var outcomes: [VerifiedOutcome] = []
        for reported in due {
            let session = reported.results.session
            // Results that came along count as long as those before them verify.
            if !outcomes.isEmpty, record.status != .open || record.current != session || record.sessions[session].phase != .predicted { break }
            var outcome = VerifiedOutcome(reported)
            record.sessions[session].lastResults = reported.digest
            try await act(on: reported.results.responses, reports[session], &record, component, &outcome)
            outcomes.append(outcome)
        }
        return try await settle(&record, component, outcomes)
    }

    /// What these results were answered with before, from the first on.
    private func answers(to reported: [ReportedSession], _ record: DialogRecord) async throws(SEIError) -> [SEI.Dialog] {
        try await read { db in
            var answers: [SEI.Dialog] = []
            for part in reported {
                guard record.sessions.indices.contains(part.results.session), record.sessions[part.results.session].isRepetition(part.digest),
                      let answer = try DialogTable.answer(dialog: record.id, session: part.results.session, digest: part.digest, db) else { break }
                answers.append(answer)
            }
            return answers
        }
    }

    /// Results that fit the dialog, journaled before anything comes of them.
    private func admit(_ reported: [ReportedSession], _ record: DialogRecord) async throws(SEIError) {
        guard reported.count <= record.sessions.count else { throw SEIError(.invalidRequest, "results of \(reported.count) sessions, and the dialog has \(record.sessions.count)") }
        var journal: [JournalRecord] = []
        for (place, part) in reported.enumerated() {
            let results = part.results
            guard results.responses.allSatisfy({ (2...258).contains($0.bytes.count) }) else {
                throw SEIError(.invalidRequest, "each response is an R-APDU of 2 to 258 bytes")
            }
            journal.append(JournalRecord(at: now(), componentId: record.componentId, spTsm: record.spTsm, subject: record.id, session: results.session,
                                         kind: record.status == .open ? .results : .lateResults, apdus: results.responses, note: nil))
            guard record.status == .open, let current = record.current else { continue }
            guard results.session == current + place, record.sessions.indices.contains(results.session) else {
                throw SEIError(.invalidRequest, "session \(results.session) is not the one whose results are awaited (\(current + place)); report in order")
            }
            let session = record.sessions[results.session]
            guard place == 0 ? session.phase != .idle : session.phase == .predicted, results.responses.count <= session.commands.count else {
                throw SEIError(.invalidRequest, "\(results.responses.count) responses to \(session.commands.count) commands")
            }
        }
        let admitted = journal
        try await write { db in for line in admitted { try line.insert(db) } }
        guard record.status == .open else {
            throw SEIError(.dialogClosed, "the dialog is \(record.status.rawValue): \(record.failure ?? "nothing is left to report"); the results were recorded")
        }
    }

    /// Has the vault verify the results of several predicted sessions at once; each by its own channel, whatever the others prove.
    /// - Returns: by session; nothing for a single one, or when one cannot be read: then each is asked for alone.
    private func verifiedReports(_ reported: [ReportedSession], _ record: DialogRecord, _ component: Component) async throws(SEIError) -> [Int: VerifiedReport] {
        var sessions: [Int] = []
        var steps: [VaultStep] = []
        for part in reported {
            let session = record.sessions[part.results.session]
            guard session.phase == .predicted, let channel = session.channelId, part.results.responses.count > 2,
                  Self.openingProblem(part.results.responses, session.securityDomain(on: component)) == nil else { break }
            sessions.append(part.results.session)
            steps.append(.report(id: channel, report: Self.predictedReport(part.results.responses)))
        }
        guard steps.count > 1 else { return [:] }
        do throws(KeyVaultError) {
            let answers = try await vault.batch(VaultBatch(steps)).steps
            return Dictionary(zip(sessions, answers).compactMap { session, answer in answer.report.map { (session, $0) } }, uniquingKeysWith: { first, _ in first })
        } catch {
            switch error.code {
            case .unreachable, .sealed, .auditUnavailable, .internalError, .forbidden: throw refusal(error, while: "verify reports")
            default: return [:]
            }
        }
    }

    /// SELECT, INITIALIZE UPDATE and EXTERNAL AUTHENTICATE stand before the answers to wrapped commands.
    private static func predictedReport(_ responses: [HexBytes]) -> ChannelReport {
        ChannelReport(initializeUpdateResponse: responses[1], externalAuthenticateResponse: responses[2], responses: Array(responses.dropFirst(3)))
    }

    /// Has the vault verify the responses and changes the session accordingly.
    /// - Parameter known: what the vault has found already.
    private func act(on responses: [HexBytes], _ known: VerifiedReport?, _ record: inout DialogRecord, _ component: Component, _ outcome: inout VerifiedOutcome) async throws(SEIError) {
        let index = outcome.session
        let session = record.sessions[index]
        guard let channel = session.channelId else { throw SEIError(.internalError, "the session has no channel") }
        switch session.phase {
        case .idle: throw SEIError(.internalError, "nothing of the session is out")
        case .opening:
            if let problem = Self.openingProblem(responses, session.securityDomain(on: component)) { return fail(&record, index, problem, &outcome) }
            try await authenticate(responses[1], channel, &record, component, &outcome)
        case .predicted:
            if let problem = Self.openingProblem(responses, session.securityDomain(on: component)) { return fail(&record, index, problem, &outcome) }
            guard responses.count > 2 else {
                return fail(&record, index, "open the secure channel: the order ended before EXTERNAL AUTHENTICATE; the card's state is not known", &outcome)
            }
            try await verify(Self.predictedReport(responses), known, channel, &record, component, &outcome)
        case .running:
            guard let first = responses.first else {
                return fail(&record, index, "authenticate: the order ended before EXTERNAL AUTHENTICATE; the card's state is not known", &outcome)
            }
            let report = ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: first, responses: Array(responses.dropFirst()))
            try await verify(report, nil, channel, &record, component, &outcome)
        case .continuing:
            let report = ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: nil, responses: responses)
            try await verify(report, nil, channel, &record, component, &outcome)
        }
    }

    /// Why SELECT and INITIALIZE UPDATE did not lead to a challenge; nil if they did.
    static func openingProblem(_ responses: [HexBytes], _ domain: AID) -> String? {
        let steps = [(SessionScript.selection(domain), Instruction.select), ("open the secure channel", Instruction.initializeUpdate)]
        for (index, (name, instruction)) in steps.enumerated() {
            guard index < responses.count else { return "\(name): the order ended before this step; start a new dialog" }
            let bytes = responses[index].bytes
            let statusWord = StatusWord(bytes[bytes.count - 2], bytes[bytes.count - 1])
            guard statusWord.allowsContinuation else { return "\(name): the card answered \(statusWord), \(statusWord.explanation(ins: instruction))" }
        }
        return nil
    }

    private func authenticate(_ response: HexBytes, _ channel: String, _ record: inout DialogRecord, _ component: Component,
                              _ outcome: inout VerifiedOutcome) async throws(SEIError) {
        let index = outcome.session
        let plan = record.sessions[index].plan
        let isNew = record.sessions[index].isCounted != true
        if isNew, try await unprovenSessions(record.componentId, record.spTsm) >= settings.maximumUnprovenSessions {
            return fail(&record, index, "open the secure channel again: no answer has proven that the card accepted the authentications before", &outcome)
        }
        do {
            let script = try await vault.authenticate(channel: channel, AuthenticateChannelRequest(initializeUpdateResponse: response, commands: plan.map(\.command)))
            record.sessions[index].send(try SessionScript.rest(plan, script), phase: .running, channel: channel)
            record.sessions[index].isCounted = true
            outcome.isAuthenticationNew = isNew
            await openFollower(of: index, &record, component, &outcome)
        } catch let error as KeyVaultError {
            switch error.code {
            case .cardCryptogramMismatch:
                fail(&record, index, "open the secure channel: the card does not hold the issuer's keys of version \(component.keyVersionNumber)", &outcome)
            case .invalidRequest:
                fail(&record, index, "open the secure channel: the answer to INITIALIZE UPDATE cannot be read: \(error.reason)", &outcome)
            case .notFound, .wrongState:
                // The vault's channel is over, for instance after a stop between its answer and ours: a new one costs the card nothing.
                record.sessions[index].restart(plan: plan)
            default:
                throw refusal(error, while: "authenticate")
            }
        } catch let error as SEIError {
            throw error
        } catch {
            throw SEIError(.internalError, "the session could not be authenticated")
        }
    }

    /// First keys are put right after the session that makes their domain: SELECT and INITIALIZE UPDATE for that go along, which saves a round trip.
    /// Not where this session may go on after its script: a new one on the same channel would end it.
    private func openFollower(of index: Int, _ record: inout DialogRecord, _ component: Component, _ outcome: inout VerifiedOutcome) async {
        let next = index + 1
        guard next < record.sessions.count, record.sessions[next].operations.keyedDomain != nil, record.sessions[next].phase == .idle,
              !record.sessions[index].plan.contains(where: \.isListing) else { return }
        do {
            try await open(session: next, of: &record, component)
            outcome.follower = next
        } catch {
            logger.notice("the next session is opened when its turn comes", metadata: ["dialog": "\(record.id)", "reason": "\(error.reason)"])
        }
    }

    private func verify(_ report: ChannelReport, _ known: VerifiedReport?, _ channel: String, _ record: inout DialogRecord, _ component: Component,
                        _ outcome: inout VerifiedOutcome) async throws(SEIError) {
        let index = outcome.session
        let verified: VerifiedReport
        do {
            verified = if let known { known } else { try await vault.report(channel: channel, report) }
        } catch {
            switch error.code {
            case .unreachable, .sealed, .auditUnavailable, .internalError, .forbidden: throw refusal(error, while: "verify a report")
            default:
                logger.error("a report could not be verified", metadata: ["dialog": "\(record.id)", "code": "\(error.code.rawValue)", "reason": "\(error.reason)"])
                return fail(&record, index, "the card's answers cannot be verified, so its state is not known; read the registry in a new dialog", &outcome)
            }
        }
        outcome.counter = verified.sequenceCounter.flatMap { SequenceCounter(bytes: $0.bytes) }?.value
        let session = record.sessions[index]
        outcome.isAuthenticationProven = verified.responses.contains(where: \.proven)
        let reading = ReportReading.read(
            verified, plan: session.plan, layout: session.layout, component: component, effects: session.effects,
            authentication: report.externalAuthenticateResponse.flatMap { try? ResponseAPDU(bytes: $0.bytes).statusWord })
        record.sessions[index].effects = reading.effects
        switch reading.verdict {
        case .verified:
            let proven = reading.effects.areProven(on: component)
            record.sessions[index].end(.verified)
            record.sessions[index].proven = proven
            outcome.closing.append(channel)
            outcome.note = proven ? "verified" : "verified, but that something is gone was reported only"
        case .challengeMismatch:
            // At most one predicted order: all sessions that are left wait for the card's challenge.
            for later in index..<record.sessions.count {
                if let open = record.sessions[later].channelId { outcome.closing.append(open) }
                record.sessions[later].restart(plan: record.sessions[later].plan)
            }
            outcome.note = "the card's counter was another than foreseen; the session is repeated with its challenge"
        case .reopen(let rest):
            outcome.closing.append(channel)
            record.sessions[index].restart(plan: rest)
            record.sessions[index].isCounted = nil
            outcome.note = "stopped where the goal is reached already; the rest follows in a new session"
        case .nextPage(let aids):
            await nextPage(of: aids, channel, &record, index, &outcome)
        case .failed(let problem):
            fail(&record, index, problem, &outcome)
        }
    }

    private func nextPage(of aids: [AID], _ channel: String, _ record: inout DialogRecord, _ index: Int, _ outcome: inout VerifiedOutcome) async {
        let plan = [RegistryListing.next(provingAbsenceOf: aids)]
        do {
            let script = try await vault.continueChannel(channel, ContinueChannelRequest(commands: plan.map(\.command)))
            record.sessions[index].plan = plan
            record.sessions[index].send(try SessionScript.continuation(plan, script), phase: .continuing, channel: channel)
        } catch {
            // The list can be read again from its beginning.
            logger.warning("the registry is read again from its beginning", metadata: ["dialog": "\(record.id)", "reason": "\(error)"])
            outcome.closing.append(channel)
            record.sessions[index].restart(plan: [RegistryListing.first(provingAbsenceOf: aids)])
            record.sessions[index].isCounted = nil
        }
        outcome.note = "the registry has another page"
    }

    private func fail(_ record: inout DialogRecord, _ index: Int, _ problem: String, _ outcome: inout VerifiedOutcome) {
        outcome.closing += record.sessions.compactMap(\.channelId)
        record.status = .failed
        record.failure = "session \(index), \(problem)"
        for later in index..<record.sessions.count { record.sessions[later].end(.failed) }
        outcome.note = record.failure
    }
}
