/// SELECT by name (GPCS 2.3.1, 11.9): `00 A4 04 00 [LV AID] 00`.
public struct SelectCommand: Hashable, Sendable {
    /// 0 to 16 bytes: an AID, the beginning of one, or nothing for the channel's default.
    public var name: [UInt8]
    /// P2 02: the next application whose AID begins so.
    public var next: Bool

    public init(name: [UInt8], next: Bool = false) {
        self.name = name
        self.next = next
    }

    public init(aid: AID) {
        self.init(name: aid.bytes)
    }

    public var apdu: CommandAPDU {
        CommandAPDU(cla: 0x00, ins: Instruction.select, p1: 0x04, p2: next ? 0x02 : 0x00, data: name, expectedLength: 256)
    }

    public static func parse(_ command: CommandAPDU) throws(FormatError) -> SelectCommand {
        let structure = "SELECT"
        guard command.ins == Instruction.select else { throw FormatError(.instruction, structure, "INS", "it is another command") }
        guard command.p1 == 0x04, command.p2 & ~0x02 == 0 else { throw FormatError(.parameters, structure, "P1 P2", "only selection by name is known") }
        guard command.data.count <= 16 else { throw FormatError(.length, structure, "name", "an AID has at most 16 bytes") }
        return SelectCommand(name: command.data, next: command.p2 == 0x02)
    }
}
