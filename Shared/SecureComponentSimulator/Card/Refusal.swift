import GlobalPlatform

/// Why the card refuses a command: the status word that it answers, and the reason for people who read its trace.
struct Refusal: Error, Hashable, Sendable {
    let statusWord: StatusWord
    let reason: String
    /// All channels and sessions go with it: what they saw did not happen.
    var endsSessions = false
    /// Nothing is answered at all.
    var isPowerLoss = false

    init(_ statusWord: StatusWord, _ reason: String, endsSessions: Bool = false) {
        self.statusWord = statusWord
        self.reason = reason
        self.endsSessions = endsSessions
    }

    init(powerLoss reason: String) {
        self.init(.memoryFailure, reason, endsSessions: true)
        isPowerLoss = true
    }

    init(_ error: FormatError) {
        self.init(error.statusWord, error.description)
    }

    init(_ refusal: SCP03Refusal) {
        self.init(refusal.statusWord, refusal.reason)
    }

    /// Runs a parser whose errors name a status word.
    static func reading<Result>(_ body: () throws(FormatError) -> Result) throws(Refusal) -> Result {
        do { return try body() } catch { throw Refusal(error) }
    }
}
