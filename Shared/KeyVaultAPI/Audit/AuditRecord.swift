import GlobalPlatform

/// A line with its number and its hash: as the operator reads it, and one line of an export.
public struct AuditRecord: Codable, Sendable, Hashable {
    /// From 1, without gaps.
    public var sequence: Int64
    public var line: AuditLine
    /// SHA-256 over the hash of the line before and this line's content.
    public var hash: HexBytes

    public init(sequence: Int64, line: AuditLine, hash: HexBytes) {
        self.sequence = sequence
        self.line = line
        self.hash = hash
    }
}

/// What a walk along the audit log found.
public struct AuditChainVerdict: Codable, Sendable, Hashable {
    /// Lines that are in order, from the first on.
    public var intactLines: Int
    /// Number of the first line that is altered, missing or out of place; nil when the whole log is intact.
    public var brokenAt: Int64?
    /// What is wrong there, in words; nil when the whole log is intact.
    public var reason: String?
    /// Hash of the last intact line: written down elsewhere, it shows whether lines were cut off at the end.
    public var head: HexBytes

    public init(intactLines: Int, brokenAt: Int64?, reason: String? = nil, head: HexBytes) {
        self.intactLines = intactLines
        self.brokenAt = brokenAt
        self.reason = reason
        self.head = head
    }
}
