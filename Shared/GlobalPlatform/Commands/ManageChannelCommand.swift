/// MANAGE CHANNEL (GPCS 2.3.1, 11.7): open (the card answers the number) or close a supplementary logical channel.
public enum ManageChannelCommand: Hashable, Sendable {
    case open
    case close(UInt8)

    /// Sent on the basic channel.
    public var apdu: CommandAPDU {
        switch self {
        case .open: CommandAPDU(cla: 0x00, ins: Instruction.manageChannel, p1: 0x00, p2: 0x00, expectedLength: 1)
        case .close(let channel): CommandAPDU(cla: 0x00, ins: Instruction.manageChannel, p1: 0x80, p2: channel)
        }
    }

    public static func parse(_ command: CommandAPDU) throws(FormatError) -> ManageChannelCommand {
        let structure = "MANAGE CHANNEL"
        guard command.ins == Instruction.manageChannel else { throw FormatError(.instruction, structure, "INS", "it is another command") }
        guard command.data.isEmpty else { throw FormatError(.length, structure, "data", "there is none") }
        switch (command.p1, command.p2) {
        case (0x00, 0x00): return .open
        case (0x80, 1...19): return .close(command.p2)
        default: throw FormatError(.parameters, structure, "P1 P2", "only 0000 and 80 with a channel of 1 to 19 are known")
        }
    }

    /// The number in the response to `open`.
    public static func channel(from response: [UInt8]) throws(FormatError) -> Int {
        guard response.count == 1, (1...19).contains(response[0]) else {
            throw FormatError(.data, "MANAGE CHANNEL response", "channel", "one byte of 1 to 19 was expected")
        }
        return Int(response[0])
    }
}
