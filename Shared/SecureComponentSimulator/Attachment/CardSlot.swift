import SecureComponent

/// The card's side of a virtual reader, without the socket: bytes from the reader in, bytes for the reader out.
struct CardSlot: Sendable {
    private let card: any AttachableCard
    private var frames = VPCDFrameReader()
    private(set) var isPowered = false

    init(_ card: any AttachableCard) {
        self.card = card
    }

    /// Whether the reader is in the middle of a frame.
    var isInsideFrame: Bool { frames.isInsideFrame }

    /// - Returns: all answers to what is complete, in order; empty where none is due.
    /// - Throws: after which the connection is of no further use.
    mutating func receive(_ bytes: some Collection<UInt8>) throws(AttachmentError) -> [UInt8] {
        frames.append(bytes)
        var answers: [UInt8] = []
        while let payload = frames.next() {
            guard let answer = try answer(try VPCDRequest(payload: payload)) else { continue }
            guard let frame = VPCDFrameReader.frame(answer) else { throw .responseTooLong(answer.count) }
            answers += frame
        }
        return answers
    }

    private mutating func answer(_ request: VPCDRequest) throws(AttachmentError) -> [UInt8]? {
        switch request {
        case .answerToReset:
            // Asked of a card without power as well: it is how the reader looks whether one is there.
            return card.atr
        case .powerOn:
            if !isPowered { card.reset() }
            isPowered = true
            return nil
        case .powerOff:
            isPowered = false
            card.reset()
            return nil
        case .reset:
            // A reset powers a card that has no power.
            isPowered = true
            card.reset()
            return nil
        case .command(let command):
            guard isPowered else { throw .commandWithoutPower }
            do throws(SecureComponentError) { return try card.transmit(command) } catch { throw .cardFailed(error) }
        }
    }
}
