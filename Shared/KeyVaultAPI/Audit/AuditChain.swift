import Cryptography
import GlobalPlatform

/// A walk along an audit log, line by line, from the first. Pure: the vault does it over its store, an auditor over a copy.
///
/// The chain alone shows deletion, reordering and alteration. That lines were cut off at the end, or that the whole log was written anew, only
/// an anchor shows that was kept elsewhere.
public struct AuditChain: Sendable {
    /// The hash "before" the first line.
    public static let origin = [UInt8](repeating: 0, count: 32)

    /// What has been found so far.
    public private(set) var verdict = AuditChainVerdict(intactLines: 0, brokenAt: nil, head: HexBytes(AuditChain.origin))
    private let anchors: [AuditAnchor]

    public init(anchors: [AuditAnchor] = []) { self.anchors = anchors }

    /// SHA-256 over the hash of the line before and the line.
    public static func hash(_ line: AuditLine, sequence: Int64, previous: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try HashFunction.sha256.digest(of: previous + line.canonicalBytes(sequence: sequence))
    }

    /// Takes the next line.
    /// - Parameter previous: what the line's row says of the line before it; nil where it says nothing (exports).
    /// - Returns: whether the log is in order up to here; after false nothing more is taken.
    public mutating func take(_ record: AuditRecord, previous: [UInt8]? = nil) throws(CryptographyError) -> Bool {
        guard verdict.brokenAt == nil else { return false }
        let expected = Int64(verdict.intactLines) + 1
        guard record.sequence == expected else {
            return fail(expected, record.sequence > expected
                ? "the line is missing: the next one has number \(record.sequence)" : "line \(record.sequence) stands in its place: lines are repeated or out of order")
        }
        if let previous, previous != verdict.head.bytes {
            return fail(expected, "it does not follow from the line before it: one of the two is not the line that was written")
        }
        guard try Self.hash(record.line, sequence: expected, previous: verdict.head.bytes) == record.hash.bytes else {
            return fail(expected, "its content or its place is not that which its hash was made from")
        }
        if let anchor = anchors.first(where: { $0.sequence == expected && $0.hash != record.hash }) {
            return fail(expected, "it is not the line that was anchored at \(anchor.at): the log was written anew from there or from before")
        }
        verdict.intactLines += 1
        verdict.head = record.hash
        return true
    }

    /// To be called after the last line.
    public mutating func end() -> AuditChainVerdict {
        if verdict.brokenAt == nil, let missing = anchors.filter({ $0.sequence > Int64(verdict.intactLines) }).max(by: { $0.sequence < $1.sequence }) {
            _ = fail(Int64(verdict.intactLines) + 1, "the log ends before it, and line \(missing.sequence) was anchored at \(missing.at): lines were cut off")
        }
        return verdict
    }

    /// A line that cannot even be read.
    public mutating func unreadable(_ why: String) { _ = fail(Int64(verdict.intactLines) + 1, why) }

    private mutating func fail(_ line: Int64, _ reason: String) -> Bool {
        if verdict.brokenAt == nil { (verdict.brokenAt, verdict.reason) = (line, reason) }
        return false
    }
}
