import SEIAPI

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
    /// An EXTERNAL AUTHENTICATE went out that the SP TSM's account does not hold yet.
    var isAuthenticationNew = false
    /// The card has accepted one, under R-MAC.
    var isAuthenticationProven = false
    /// Channels that are over: the key vault need not keep their keys and answers.
    var closing: [String] = []

    init(_ reported: ReportedSession) {
        session = reported.results.session
        digest = reported.digest
    }
}

/// Results of one session, and the digest by which they are known again.
struct ReportedSession: Sendable {
    var results: SEI.SessionResults
    var digest: [UInt8]
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
