/// The sixteen bytes of a UUID (RFC 9562, 4), as they stand in binary structures.
public struct UUIDOctets: Hashable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    /// Sixteen bytes.
    public init(bytes: [UInt8]) throws(FormatError) {
        guard bytes.count == 16 else { throw FormatError(.data, "UUID", "length", "16 bytes were expected, not \(bytes.count)") }
        self.bytes = bytes
    }

    /// Reads 8-4-4-4-12 digits of either case.
    public init(_ text: some StringProtocol) throws(FormatError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12], let bytes = try? Hex.decode(parts.joined()) else {
            throw FormatError(.data, "UUID", "text", "32 hexadecimal digits in groups of 8, 4, 4, 4 and 12 were expected")
        }
        try self.init(bytes: bytes)
    }

    /// In lower case.
    public var description: String {
        let digits = Hex.encode(bytes)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }
}
