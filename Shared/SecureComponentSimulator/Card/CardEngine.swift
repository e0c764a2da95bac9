import Cryptography
import GlobalPlatform

/// The card's operating system: what is stored, what it remembers while it has power, and how it answers one command.
struct CardEngine: Sendable {
    /// Power went away while a change was being stored.
    struct PowerLoss: Error {}

    /// Survives loss of power, as far as `storage` has it.
    var image: CardImage
    /// By number; the basic channel is always there.
    var channels: [Int: ChannelState] = [:]
    let random: any RandomSource
    let storage: ImageStorage

    init(storage: ImageStorage, random: any RandomSource) {
        image = storage.stored
        self.random = random
        self.storage = storage
        powerOn()
    }

    /// Reset: only what is stored is left.
    mutating func powerOn() {
        image = storage.stored
        channels = [0: ChannelState(selected: image.defaultApplication(onChannel: 0))]
    }

    /// Answers one command. On an error the image is as it was before; what a command changes is stored before it is answered.
    mutating func process(_ bytes: [UInt8]) throws(PowerLoss) -> (response: ResponseAPDU, reason: String?) {
        do throws(Refusal) {
            let response = try execute(bytes)
            try store()
            return (response, nil)
        } catch {
            image = storage.stored
            if error.endsSessions { powerOn() }
            if error.isPowerLoss { throw PowerLoss() }
            return (ResponseAPDU(statusWord: error.statusWord), error.reason)
        }
    }

    /// Makes the image durable. At the end of every command; within one where something must be certain before it goes on.
    /// - Throws: 6A84, 6985, 6581; the sessions that saw a change which could not be stored are over.
    func store() throws(Refusal) {
        guard image != storage.stored else { return }
        try image.checkMemory()
        try image.checkUpgrade()
        do { try storage.store(image) } catch {
            switch error {
            case .unwritable(let error): throw Refusal(.memoryFailure, error.reason, endsSessions: true)
            case .powerLost: throw Refusal(powerLoss: "power was lost while the change was stored")
            }
        }
    }

    private mutating func execute(_ bytes: [UInt8]) throws(Refusal) -> ResponseAPDU {
        let command: CommandAPDU
        do { command = try CommandAPDU(bytes: bytes) } catch { throw Refusal(.wrongLength, error.description) }
        guard !command.isExtended else { throw Refusal(.wrongLength, "extended lengths are not supported") }
        // 2x and Ax belong to no form of class byte, FF is none (ISO/IEC 7816-4, 5.4.1).
        guard command.cla != 0xFF, command.cla & 0x60 != 0x20 else { throw Refusal(.classNotSupported, "the class byte is none") }
        // b5 of either form (ISO/IEC 7816-4, 5.3.3); GlobalPlatform has its own way of cutting long commands.
        guard command.cla & 0x10 == 0 else { throw Refusal(.commandChainingNotSupported, "command chaining is not supported") }
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

extension StatusWord {
    /// ISO/IEC 7816-4, table 6.
    static let commandChainingNotSupported = StatusWord(rawValue: 0x6884)
}
