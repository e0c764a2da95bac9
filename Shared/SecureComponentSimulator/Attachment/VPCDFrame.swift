/// Frames between vpcd and a card: two bytes of length, most significant first, then the payload.
struct VPCDFrameReader: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    /// Bytes as they came from the socket, in pieces of any size.
    mutating func append(_ bytes: some Collection<UInt8>) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer += bytes
    }

    /// The next whole payload; nil while it is not all there.
    mutating func next() -> [UInt8]? {
        guard buffer.count - start >= 2 else { return nil }
        let length = Int(buffer[start]) << 8 | Int(buffer[start + 1])
        guard buffer.count - start - 2 >= length else { return nil }
        defer { start += 2 + length }
        return Array(buffer[start + 2..<start + 2 + length])
    }

    /// Whether a frame has begun and is not complete.
    var isInsideFrame: Bool { start < buffer.count }

    /// - Returns: nil for more bytes than a frame can hold.
    static func frame(_ payload: [UInt8]) -> [UInt8]? {
        guard payload.count <= 0xFFFF else { return nil }
        return [UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)] + payload
    }
}

/// What the reader wants. A payload of one byte is for the card's contacts, anything longer for the card.
enum VPCDRequest: Hashable, Sendable {
    case powerOff, powerOn, reset, answerToReset
    case command([UInt8])

    /// - Throws: `emptyFrame`, `unknownControl`.
    init(payload: [UInt8]) throws(AttachmentError) {
        switch (payload.count, payload.first) {
        case (0, _): throw .emptyFrame
        case (1, 0x00): self = .powerOff
        case (1, 0x01): self = .powerOn
        case (1, 0x02): self = .reset
        case (1, 0x04): self = .answerToReset
        case (1, let code): throw .unknownControl(code ?? 0)
        default: self = .command(payload)
        }
    }
}
