import Foundation
import GlobalPlatform
import GRDB
import KeyVaultAPI
import SEIAPI

/// What comes back from the card.
extension SEIEngine {
    func submitResults(_ id: String, _ results: SEI.SessionResults, _ spTsm: String) async throws(SEIError) -> SEI.Dialog {
        var record = try await owned(id, spTsm)
        await turns.enter(record.componentId)
        defer { turns.leave(record.componentId) }
        record = try await current(try await owned(id, spTsm))
        let digest = try digest(of: results)
        if let answer = try await read({ db in try DialogTable.answer(dialog: id, session: results.session, digest: digest, db) }) {
            // The answer may have been lost on our side between the verdict and the next session's script.
            guard record.status == .open, record.needsScript else { return answer }
            return try await sendNext(&record, answering: (results.session, digest))
        }
        try await admit(results, record)
        let component = try await component(of: record)
        var report = VerifiedOutcome(session: results.session, digest: digest)
        try await act(on: results.responses, &record, component, &report)
        return try await settle(&record, component, report)
    }

    /// Results that fit the dialog, journaled before anything comes of them.
    private func admit(_ results: SEI.SessionResults, _ record: DialogRecord) async throws(SEIError) {
        var journal = JournalRecord(at: now(), componentId: record.componentId, spTsm: record.spTsm, subject: record.id, session: results.session, kind: .results,
                                    apdus: results.responses, note: nil)
        guard results.responses.allSatisfy({ (2...258).contains($0.bytes.count) }) else {
            throw SEIError(.invalidRequest, "each response is an R-APDU of 2 to 258 bytes")
        }
        guard record.status == .open else {
            journal.kind = .lateResults
            let late = journal
            try await write { db in try late.insert(db) }
            throw SEIError(.dialogClosed, "the dialog is \(record.status.rawValue): \(record.failure ?? "nothing is left to report"); the results were recorded")
        }
        guard results.session == record.current else {
            throw SEIError(.invalidRequest, "session \(results.session) is not the one whose results are awaited (\(record.current ?? 0)); report in order")
        }
        let sent = record.sessions[results.session].commands.count
        guard record.sessions[results.session].phase != .idle, results.responses.count <= sent else {
            throw SEIError(.invalidRequest, "\(results.responses.count) responses to \(sent) commands")
        }
        let admitted = journal
        try await write { db in try admitted.insert(db) }
    }

    /// Has the vault verify the responses and changes the session accordingly.
    private func act(on responses: [HexBytes], _ record: inout DialogRecord, _ component: Component, _ outcome: inout VerifiedOutcome) async throws(SEIError) {
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
            let report = ChannelReport(initializeUpdateResponse: responses[1], externalAuthenticateResponse: responses[2], responses: Array(responses.dropFirst(3)))
            try await verify(report, channel, &record, component, &outcome)
        case .running:
            guard let first = responses.first else {
                return fail(&record, index, "authenticate: the order ended before EXTERNAL AUTHENTICATE; the card's state is not known", &outcome)
            }
            let report = ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: first, responses: Array(responses.dropFirst()))
            try await verify(report, channel, &record, component, &outcome)
        case .continuing:
            let report = ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: nil, responses: responses)
            try await verify(report, channel, &record, component, &outcome)
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
        do {
            let script = try await vault.authenticate(channel: channel, AuthenticateChannelRequest(initializeUpdateResponse: response, commands: plan.map(\.command)))
            record.sessions[index].send(try SessionScript.rest(plan, script), phase: .running, channel: channel)
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

    private func verify(_ report: ChannelReport, _ channel: String, _ record: inout DialogRecord, _ component: Component,
                        _ outcome: inout VerifiedOutcome) async throws(SEIError) {
        let index = outcome.session
        let verified: VerifiedReport
        do {
            verified = try await vault.report(channel: channel, report)
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
        let reading = ReportReading.read(verified, plan: session.plan, layout: session.layout, component: component, effects: session.effects)
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

/// What came of one report, for the transaction that records it.
struct VerifiedOutcome: Sendable {
    var session: Int
    /// Of the results.
    var digest: [UInt8]
    /// The ISD's counter, proven by the card's cryptogram.
    var counter: UInt32?
    var note: String?
    /// A session that was opened ahead of its turn: its script is in this answer.
    var follower: Int?
    /// Channels that are over: the key vault need not keep their keys and answers.
    var closing: [String] = []

    init(session: Int, digest: [UInt8]) {
        self.session = session
        self.digest = digest
    }
}

extension SessionRecord {
    /// Begins again with the card's challenge, as soon as its turn comes.
    mutating func restart(plan: [PlannedCommand]) {
        end(.waiting)
        counter = nil
        self.plan = plan
    }
}

extension DialogRecord {
    /// The session whose turn it is has nothing out.
    var needsScript: Bool {
        guard status == .open, let current else { return false }
        return sessions[current].phase == .idle
    }
}
