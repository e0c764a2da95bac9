/// Reads data objects one after the other.
public struct TLVReader: Sendable {
    private let bytes: [UInt8]
    private var position = 0
    private let baseOffset: Int
    private let minimalLengths: Bool

    /// - Parameters:
    ///   - baseOffset: what errors add to their offsets, where `bytes` are a part of something.
    ///   - minimalLengths: refuse lengths that are not in their shortest form (BER allows them, DER does not).
    public init(_ bytes: some Collection<UInt8>, baseOffset: Int = 0, minimalLengths: Bool = false) {
        self.bytes = Array(bytes)
        self.baseOffset = baseOffset
        self.minimalLengths = minimalLengths
    }

    /// Where the next object begins, `baseOffset` included.
    public var offset: Int { baseOffset + position }
    public var isAtEnd: Bool { position == bytes.count }

    /// The next data object; nil at the end.
    public mutating func next() throws(TLVError) -> TLV? {
        guard position < bytes.count else { return nil }
        var cursor = position
        let tag = try readTag(&cursor)
        let length = try readLength(&cursor)
        guard length <= bytes.count - cursor else { throw TLVError.truncated(offset: offset) }
        let value = Array(bytes[cursor..<cursor + length])
        position = cursor + length
        return TLV(tag, value)
    }

    private func byte(_ cursor: inout Int) throws(TLVError) -> UInt8 {
        guard cursor < bytes.count else { throw TLVError.truncated(offset: offset) }
        defer { cursor += 1 }
        return bytes[cursor]
    }

    private func readTag(_ cursor: inout Int) throws(TLVError) -> TLVTag {
        let first = try byte(&cursor)
        // ISO/IEC 7816-4 allows 00 as padding between objects; GlobalPlatform has no such padding.
        guard first != 0x00 else { throw TLVError.invalidTag(offset: offset) }
        var value = UInt32(first)
        guard first & 0x1F == 0x1F else { return TLVTag(rawValue: value) }
        for count in 1...3 {
            let next = try byte(&cursor)
            if count == 1 && next == 0x80 { throw TLVError.invalidTag(offset: offset) }
            value = value << 8 | UInt32(next)
            if next & 0x80 == 0 { return TLVTag(rawValue: value) }
        }
        throw TLVError.invalidTag(offset: offset)
    }

    private func readLength(_ cursor: inout Int) throws(TLVError) -> Int {
        let first = try byte(&cursor)
        if first < 0x80 { return Int(first) }
        let count = Int(first & 0x7F)
        guard (1...4).contains(count) else { throw TLVError.invalidLength(offset: offset) }
        var length = 0
        for _ in 0..<count { length = length << 8 | Int(try byte(&cursor)) }
        if minimalLengths && TLV.encodeLength(length).count != count + 1 { throw TLVError.lengthNotMinimal(offset: offset) }
        return length
    }
}
