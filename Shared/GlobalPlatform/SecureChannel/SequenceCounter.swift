/// The counter of a key set that INITIALIZE UPDATE advances: 24 bits, 0 for a fresh key set (Amendment D, 6.2.2.1).
public struct SequenceCounter: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 0 to FFFFFF.
    public let value: UInt32

    /// Nil when `value` does not fit in 24 bits.
    public init?(_ value: UInt32) {
        guard value <= 0xFF_FFFF else { return nil }
        self.value = value
    }

    /// Nil unless there are exactly 3 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 3 else { return nil }
        value = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    private init(known value: UInt32) { self.value = value }

    /// A key set that was never used.
    public static let zero = SequenceCounter(known: 0)

    /// What the next INITIALIZE UPDATE will use, or nil when the key set is exhausted.
    public var next: SequenceCounter? { SequenceCounter(value + 1) }

    /// `next`, for who cannot go on without it.
    /// - Throws: `sequenceCounterExhausted`.
    public func advanced() throws(SCP03Error) -> SequenceCounter {
        guard let next else { throw .sequenceCounterExhausted }
        return next
    }

    /// 3 bytes, most significant first.
    public var bytes: [UInt8] { [UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }

    public static func < (left: SequenceCounter, right: SequenceCounter) -> Bool { left.value < right.value }

    /// Six lower-case hexadecimal digits.
    public var description: String { Hex.encode(bytes) }
}
