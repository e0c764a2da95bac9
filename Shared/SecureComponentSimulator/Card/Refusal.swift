import GlobalPlatform

/// Why the card refuses a command: the status word that it answers, and the reason for people who read its trace.
struct Refusal: Error, Hashable, Sendable {
    let statusWord: StatusWord
    let reason: String
    /// What the command changed until then stays: a failed authentication counts.
    var keepsChanges = false

    init(_ statusWord: StatusWord, _ reason: String, keepsChanges: Bool = false) {
        self.statusWord = statusWord
        self.reason = reason
        self.keepsChanges = keepsChanges
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
