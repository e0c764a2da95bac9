import Cryptography
import GlobalPlatform

/// The card's operating system: what is stored, what it remembers while it has power, and how it answers one command.
struct CardEngine: Sendable {
    /// Survives loss of power.
    var image: CardImage
    /// By number; the basic channel is always there.
    var channels: [Int: ChannelState]
    let random: any RandomSource

    init(image: CardImage, random: any RandomSource) {
        self.image = image
        self.random = random
        channels = [0: ChannelState(selected: image.issuerSecurityDomain)]
    }

    /// Reset: only the image is left.
    mutating func powerOn() {
        channels = [0: ChannelState(selected: image.issuerSecurityDomain)]
    }

    /// Answers one command. On an error the image is as it was before.
    mutating func process(_ bytes: [UInt8]) -> (response: ResponseAPDU, reason: String?) {
        let before = image
        do throws(Refusal) {
            let response = try execute(bytes)
            if image != before { try image.checkMemory() }
            return (response, nil)
        } catch {
            if !error.keepsChanges { image = before }
            return (ResponseAPDU(statusWord: error.statusWord), error.reason)
        }
    }

    private mutating func execute(_ bytes: [UInt8]) throws(Refusal) -> ResponseAPDU {
        let command: CommandAPDU
        do { command = try CommandAPDU(bytes: bytes) } catch { throw Refusal(.wrongLength, error.description) }
        guard !command.isExtended else { throw Refusal(.wrongLength, "extended lengths are not supported") }
        // 2x and Ax belong to no form of class byte, FF is none (ISO/IEC 7816-4, 5.4.1).
        guard command.cla != 0xFF, command.cla & 0x60 != 0x20 else { throw Refusal(.classNotSupported, "the class byte is none") }
        guard command.ins & 0xF0 != 0x60, command.ins & 0xF0 != 0x90 else { throw Refusal(.instructionNotSupported, "the instruction byte is none") }
        let number = command.logicalChannel
        guard channels[number] != nil else { throw Refusal(.logicalChannelNotSupported, "channel \(number) is not open") }
        if !command.isProprietaryClass, command.ins == Instruction.getResponse { return try getResponse(command, number) }
        channels[number]?.pending = nil
        if image.cardState == .terminated, command.ins != Instruction.getData {
            throw Refusal(.conditionsNotSatisfied, "the card is TERMINATED")
        }
        if !command.isProprietaryClass {
            if command.ins == Instruction.manageChannel { return try manageChannel(command, number) }
            if command.ins == Instruction.select, command.p1 == 0x04 { return limit(try select(command, number), command, number) }
        }
        return limit(try dispatch(command, number), command, number)
    }

    /// To the selected application.
    private mutating func dispatch(_ command: CommandAPDU, _ number: Int) throws(Refusal) -> ResponseAPDU {
        guard let selected = channels[number]?.selected, let application = image.application(selected) else {
            throw Refusal(.conditionsNotSatisfied, "nothing is selected")
        }
        // Selected before it was locked.
        if application.isLocked, application.aid != image.issuerSecurityDomain {
            throw Refusal(.conditionsNotSatisfied, "\(selected) is LOCKED")
        }
        if application.isSecurityDomain { return try securityDomain(command, application, number) }
        if application.accessRules != nil { return try accessRuleApplication(command, application, number) }
        return try sink(command, application)
    }

    /// Response data beyond Le waits for GET RESPONSE; GET DATA in the clear says which Le it wants instead (ISO/IEC 7816-4, 5.3.4).
    private mutating func limit(_ response: ResponseAPDU, _ command: CommandAPDU, _ number: Int) -> ResponseAPDU {
        guard let length = command.expectedLength, response.data.count > length else { return response }
        if command.ins == Instruction.getData, !command.isSecureMessaging, response.data.count <= 256 {
            return ResponseAPDU(statusWord: .correctLength(response.data.count))
        }
        let rest = ResponseAPDU(data: Array(response.data.dropFirst(length)), statusWord: response.statusWord)
        channels[number]?.pending = rest
        return ResponseAPDU(data: Array(response.data.prefix(length)), statusWord: .bytesAvailable(rest.data.count))
    }

    private mutating func getResponse(_ command: CommandAPDU, _ number: Int) throws(Refusal) -> ResponseAPDU {
        guard let pending = channels[number]?.pending else { throw Refusal(.conditionsNotSatisfied, "no response data waits") }
        guard command.p1 == 0, command.p2 == 0 else { throw Refusal(.incorrectP1P2, "GET RESPONSE has no parameters") }
        channels[number]?.pending = nil
        return limit(pending, command, number)
    }
}
