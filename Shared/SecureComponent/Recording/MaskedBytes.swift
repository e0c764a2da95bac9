import GlobalPlatform

/// Bytes of which some are not told: lower-case hexadecimal in which `xx` stands for a byte that was masked.
public struct MaskedBytes: Hashable, Sendable, CustomStringConvertible {
    /// nil: masked.
    public let bytes: [UInt8?]

    /// - Parameter masked: which of the bytes are not told.
    public init(_ bytes: some Sequence<UInt8>, masked: Range<Int>? = nil) {
        self.bytes = bytes.enumerated().map { masked?.contains($0.offset) == true ? nil : $0.element }
    }

    /// Reads digits of either case and `xx`; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8?] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index...index + 1], as: UTF8.self)
            if pair == "xx" {
                bytes.append(nil)
            } else {
                guard let value = try? Hex.decode(pair) else { return nil }
                bytes += value as [UInt8?]
            }
        }
        self.bytes = bytes
    }

    public var isMasked: Bool { bytes.contains(nil) }

    /// As many bytes, and the same where they are known.
    public func matches(_ other: some Collection<UInt8>) -> Bool {
        other.count == bytes.count && zip(bytes, other).allSatisfy { $0 == nil || $0 == $1 }
    }

    /// With zeros for what is not known.
    public var filled: [UInt8] { bytes.map { $0 ?? 0 } }

    public var description: String { bytes.map { $0.map { Hex.encode([$0]) } ?? "xx" }.joined() }
}
