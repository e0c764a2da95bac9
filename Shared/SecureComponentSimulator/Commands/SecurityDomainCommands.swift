import GlobalPlatform

/// The commands of a security domain (GPCS 2.3.1, table 11-1).
extension CardEngine {
    mutating func securityDomain(_ command: CommandAPDU, _ domain: ApplicationRecord, _ number: Int) throws(Refusal) -> ResponseAPDU {
        switch command.ins {
        case Instruction.initializeUpdate: return try initializeUpdate(command, domain, domain: domain.aid, number)
        case Instruction.externalAuthenticate: return try externalAuthenticate(command, number)
        case Instruction.getData where channels[number]?.secureChannel?.isAuthenticated != true && !command.isSecureMessaging:
            return try getData(command, domain)
        case Instruction.getData, Instruction.getStatus, Instruction.setStatus, Instruction.install, Instruction.load, Instruction.delete,
            Instruction.putKey, Instruction.storeData:
            return try inSession(command, number) { (card, plain, channel) throws(Refusal) in
                try card.managed(plain, domain, channel, number)
            }
        case Instruction.manageUpgrade where image.profile.upgradesLoadFiles:
            return try inSession(command, number) { (card, plain, channel) throws(Refusal) in
                try card.managed(plain, domain, channel, number)
            }
        default:
            throw Refusal(.instructionNotSupported, "a security domain does not know INS \(Hex.encodeUpperCase([command.ins]))")
        }
    }

    /// Inside a session with C-MAC at least.
    private mutating func managed(
        _ command: CommandAPDU, _ domain: ApplicationRecord, _ channel: SecureChannel, _ number: Int
    ) throws(Refusal) -> ResponseAPDU {
        if command.ins == Instruction.getData { return try getData(command, domain) }
        guard command.isProprietaryClass else { throw Refusal(.classNotSupported, "\(Instruction.name(command.ins)) has class 80") }
        if ![Instruction.getStatus, Instruction.setStatus].contains(command.ins) { try requireUnlockedCard() }
        // A load is an unbroken sequence of LOAD commands, and so is storing of STORE DATA commands. INSTALL looks after a load itself, which may be its own.
        if command.ins != Instruction.load, command.ins != Instruction.install { channels[number]?.loading = nil }
        if command.ins != Instruction.storeData { channels[number]?.storing = nil }
        switch command.ins {
        case Instruction.getStatus: return try getStatus(command, domain, channel, number)
        case Instruction.setStatus: return try setStatus(command, domain)
        case Instruction.install: return try install(command, domain, number)
        case Instruction.load: return try load(command, domain, number)
        case Instruction.delete: return try delete(command, domain)
        case Instruction.putKey: return try putKey(command, domain, channel)
        case Instruction.manageUpgrade: return try manageUpgrade(command, domain)
        default: return try storeData(command, domain, channel, number)
        }
    }

    /// - Throws: 6985 in CARD_LOCKED, in a session that was open before too.
    func requireUnlockedCard() throws(Refusal) {
        guard image.cardState != .cardLocked else { throw Refusal(.conditionsNotSatisfied, "the card is CARD_LOCKED") }
    }
}
