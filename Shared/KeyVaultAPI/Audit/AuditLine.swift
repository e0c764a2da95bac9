/// One line of the audit log as it is written: who did what with which keys, and how it ended. Never key bytes.
public struct AuditLine: Sendable, Hashable, Codable {
    /// UTC, ISO 8601 with milliseconds.
    public var at: String
    public var operation: String
    public var caller: String
    public var process: String
    /// References, separated by spaces.
    public var keys: String
    /// `ok`, or the code of the refusal.
    public var outcome: String
    public var detail: String

    public init(at: String, operation: String, caller: String, process: String, keys: String, outcome: String, detail: String) {
        self.at = at
        self.operation = operation
        self.caller = caller
        self.process = process
        self.keys = keys
        self.outcome = outcome
        self.detail = detail
    }

    /// What the chain's hash covers: the line's number and each field with its length before it, so that no two lines look alike.
    public func canonicalBytes(sequence: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: sequence >> Int64(shift))) }
        for field in [at, operation, caller, process, keys, outcome, detail] {
            let text = Array(field.utf8)
            for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: text.count >> shift)) }
            bytes += text
        }
        return bytes
    }
}
