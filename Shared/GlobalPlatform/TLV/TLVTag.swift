/// A BER tag of one to four bytes, written as the bytes are: `0x84`, `0x9F70`, `0x7F41`.
public struct TLVTag: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public init(integerLiteral value: UInt32) {
        rawValue = value
    }

    /// The tag's bytes without leading zeroes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for shift in [24, 16, 8] as [UInt32] where rawValue >> shift != 0 {
            bytes.append(UInt8(truncatingIfNeeded: rawValue >> shift))
        }
        bytes.append(UInt8(truncatingIfNeeded: rawValue))
        return bytes
    }

    /// b6 of the first byte: the value consists of data objects.
    public var isConstructed: Bool { (bytes.first ?? 0) & 0x20 != 0 }

    public var description: String { Hex.encodeUpperCase(bytes) }
}
