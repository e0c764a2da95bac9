import GlobalPlatform
import SecureComponent
import Synchronization

/// A card that speaks T=1 alone. The virtual reader passes on what a program sends and does not tell which protocol was chosen, so a card
/// in it can offer one only. T=1 carries APDUs as they are.
public struct T1Card: AttachableCard {
    private let card: any AttachableCard
    public let atr: [UInt8]

    /// The answer to reset is the card's own where it offers T=1 alone, else one with the card's historical bytes.
    public init(_ card: any AttachableCard) {
        self.card = card
        let own = AnswerToReset(card.atr)
        atr = own?.protocols == [1] ? card.atr : AnswerToReset.t1(historicalBytes: own?.historicalBytes ?? [])
    }

    public func transmit(_ command: [UInt8]) throws(SecureComponentError) -> [UInt8] { try card.transmit(command) }
    public func reset() { card.reset() }
}

/// A card that speaks T=0 alone (ISO/IEC 7816-3, 12.2): data in one direction per command. The response to a command with data waits for
/// GET RESPONSE (61xx), and a wrong Le is answered with the right one (6Cxx).
public final class T0Card: AttachableCard {
    private let card: any AttachableCard
    public let atr: [UInt8]
    /// What waits for GET RESPONSE.
    private let pending = Mutex<ResponseAPDU?>(nil)

    public init(_ card: any AttachableCard) {
        self.card = card
        let own = AnswerToReset(card.atr)
        atr = own?.bytes == card.atr && own?.protocols == [0] ? card.atr : AnswerToReset.t0(historicalBytes: own?.historicalBytes ?? [])
    }

    public func transmit(_ bytes: [UInt8]) throws(SecureComponentError) -> [UInt8] {
        // Extended lengths begin with a length of zero.
        guard let command = try? CommandAPDU(bytes: bytes), bytes.count <= 5 || bytes[4] != 0 else { return StatusWord.wrongLength.bytes }
        if command.ins == Instruction.getResponse, !command.isProprietaryClass, let rest = pending.withLock({ $0 }) {
            return part(rest, length: command.expectedLength ?? 256)
        }
        pending.withLock { $0 = nil }
        // T=0 has no Le beside data; the card is asked for all it has.
        guard command.data.isEmpty else {
            guard command.expectedLength == nil else { return StatusWord.wrongLength.bytes }
            var whole = command
            whole.expectedLength = 256
            let response = try self.response(whole)
            guard !response.data.isEmpty else { return response.statusWord.bytes }
            pending.withLock { $0 = response }
            return StatusWord.bytesAvailable(response.data.count).bytes
        }
        guard let length = command.expectedLength else { return try card.transmit(bytes) }
        var whole = command
        whole.expectedLength = 256
        let response = try self.response(whole)
        guard !response.data.isEmpty else { return response.statusWord.bytes }
        // 256 is any length: Le 00 gets what is there.
        if length != 256, length > response.data.count { return StatusWord.correctLength(response.data.count).bytes }
        return part(response, length: length)
    }

    public func reset() {
        pending.withLock { $0 = nil }
        card.reset()
    }

    private func response(_ command: CommandAPDU) throws(SecureComponentError) -> ResponseAPDU {
        let bytes = try card.transmit(command.bytes)
        do { return try ResponseAPDU(bytes: bytes) } catch { throw .malformedResponse(error.description) }
    }

    /// As much as was asked for; the rest waits.
    private func part(_ response: ResponseAPDU, length: Int) -> [UInt8] {
        guard response.data.count > length else {
            pending.withLock { $0 = nil }
            return response.bytes
        }
        let rest = ResponseAPDU(data: Array(response.data.dropFirst(length)), statusWord: response.statusWord)
        pending.withLock { $0 = rest }
        return ResponseAPDU(data: Array(response.data.prefix(length)), statusWord: .bytesAvailable(rest.data.count)).bytes
    }
}
