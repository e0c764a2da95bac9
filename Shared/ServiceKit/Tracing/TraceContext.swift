/// Where a request stands in a distributed trace (W3C Trace Context, `traceparent` version 00).
public struct TraceContext: Sendable, Hashable {
    /// Name of the header field.
    public static let headerName = "traceparent"

    /// 32 lower-case hexadecimal digits, not all zero.
    public let traceID: String
    /// 16 lower-case hexadecimal digits, not all zero.
    public let spanID: String
    public let isSampled: Bool

    /// The trace of the running task.
    @TaskLocal public static var current: TraceContext?

    /// Reads a header field's value. Nil for anything malformed: a broken trace is replaced, never an error (section 3.2.2).
    public init?(header: String) {
        let bytes = Array(header.utf8)
        guard bytes.count >= 55, bytes[2] == UInt8(ascii: "-"), bytes[35] == UInt8(ascii: "-"), bytes[52] == UInt8(ascii: "-") else { return nil }
        func hex(_ range: Range<Int>) -> String? {
            let slice = bytes[range]
            return slice.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) } ? String(decoding: slice, as: UTF8.self) : nil
        }
        guard let version = hex(0..<2), version != "ff", let traceID = hex(3..<35), let spanID = hex(36..<52), let flags = hex(53..<55),
            let flagBits = UInt8(flags, radix: 16)
        else { return nil }
        // Version 00 has exactly this length; later versions may append fields after a dash.
        guard bytes.count == 55 || (version != "00" && bytes[55] == UInt8(ascii: "-")) else { return nil }
        guard traceID.contains(where: { $0 != "0" }), spanID.contains(where: { $0 != "0" }) else { return nil }
        self.init(traceID: traceID, spanID: spanID, isSampled: flagBits & 1 == 1)
    }

    private init(traceID: String, spanID: String, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// A new trace.
    public static func root(randomBytes: (_ count: Int) -> [UInt8]) -> TraceContext {
        TraceContext(traceID: identifier(16, randomBytes), spanID: identifier(8, randomBytes), isSampled: true)
    }

    /// The same trace, a span of our own.
    public func child(randomBytes: (_ count: Int) -> [UInt8]) -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.identifier(8, randomBytes), isSampled: isSampled)
    }

    public var header: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    private static func identifier(_ count: Int, _ randomBytes: (_ count: Int) -> [UInt8]) -> String {
        var bytes = randomBytes(count)
        // All zero is the one value that is invalid.
        if bytes.allSatisfy({ $0 == 0 }) { bytes = [UInt8](repeating: 0, count: count - 1) + [1] }
        return HexDigits.text(bytes)
    }
}
