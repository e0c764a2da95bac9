/// A command of ISO/IEC 7816-4, cases 1 to 4, short and extended.
public struct CommandAPDU: Hashable, Sendable, CustomStringConvertible {
    public var cla: UInt8
    public var ins: UInt8
    public var p1: UInt8
    public var p2: UInt8
    /// At most 65 535 bytes; more than 255 make the encoding extended.
    public var data: [UInt8]
    /// Ne, 1 to 65 536: nil = no Le; 256 encodes 00; more than 256 makes the encoding extended, 65 536 being 0000.
    public var expectedLength: Int?

    public init(cla: UInt8, ins: UInt8, p1: UInt8, p2: UInt8, data: [UInt8] = [], expectedLength: Int? = nil) {
        self.cla = cla
        self.ins = ins
        self.p1 = p1
        self.p2 = p2
        self.data = data
        self.expectedLength = expectedLength
    }

    /// Reads one whole command; a byte too many is an error as a byte too few is.
    public init(bytes: some Collection<UInt8>) throws(APDUError) {
        let bytes = Array(bytes)
        guard bytes.count >= 4 else { throw APDUError.tooShort(bytes.count) }
        self.init(cla: bytes[0], ins: bytes[1], p1: bytes[2], p2: bytes[3])
        let body = bytes.count - 4
        if body == 0 { return }
        let first = Int(bytes[4])
        if body == 1 {
            expectedLength = first == 0 ? 256 : first
        } else if first != 0 {
            guard body == 1 + first || body == 2 + first else { throw APDUError.lengthMismatch(announced: first, present: body - 1) }
            data = Array(bytes[5..<5 + first])
            if body == 2 + first { expectedLength = bytes[5 + first] == 0 ? 256 : Int(bytes[5 + first]) }
        } else {
            guard body >= 3 else { throw APDUError.lengthMismatch(announced: 0, present: body - 1) }
            let length = Int(bytes[5]) << 8 | Int(bytes[6])
            if body == 3 {
                expectedLength = length == 0 ? 65536 : length
                return
            }
            guard length > 0 else { throw APDUError.extendedLengthZero }
            guard body == 3 + length || body == 5 + length else { throw APDUError.lengthMismatch(announced: length, present: body - 3) }
            data = Array(bytes[7..<7 + length])
            if body == 5 + length {
                let expected = Int(bytes[7 + length]) << 8 | Int(bytes[8 + length])
                expectedLength = expected == 0 ? 65536 : expected
            }
        }
    }

    /// The shortest encoding. Empty when `data` is longer than ISO/IEC 7816-4 can express (65 535 bytes).
    public var bytes: [UInt8] {
        guard data.count <= 65535 else { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(data.count + 9)
        bytes += [cla, ins, p1, p2]
        let expected = expectedLength.map { min($0, 65536) } ?? 0
        if isExtended {
            bytes.append(0)
            if !data.isEmpty {
                bytes += [UInt8(data.count >> 8), UInt8(data.count & 0xFF)]
                bytes += data
            }
            if expected > 0 { bytes += [UInt8(expected >> 8 & 0xFF), UInt8(expected & 0xFF)] }
        } else {
            if !data.isEmpty {
                bytes.append(UInt8(data.count))
                bytes += data
            }
            if expected > 0 { bytes.append(UInt8(expected & 0xFF)) }
        }
        return bytes
    }

    /// Whether `bytes` needs extended length fields.
    public var isExtended: Bool { data.count > 255 || (expectedLength ?? 0) > 256 }

    public var description: String { Hex.encode(bytes) }
}
