/// DELETE (GPCS 2.3.1, 11.2): `80 E4 00 {00 | 80} …`.
public enum DeleteCommand: Hashable, Sendable {
    /// 4F: an application, a security domain or a load file, `related` with all that came from or belongs to it; 9E holds a delete token.
    case object(AID, related: Bool, token: [UInt8]?)
    /// D0 and D2: one key, all keys of an identifier, or all keys of a version.
    case key(identifier: UInt8?, version: UInt8?)

    public static func object(_ aid: AID, related: Bool = false) -> DeleteCommand { .object(aid, related: related, token: nil) }

    public var apdu: CommandAPDU {
        var objects: [TLV] = []
        var p2: UInt8 = 0x00
        switch self {
        case .object(let aid, let related, let token):
            objects.append(TLV(0x4F, aid.bytes))
            if let token { objects.append(TLV(0x9E, token)) }
            if related { p2 = 0x80 }
        case .key(let identifier, let version):
            if let identifier { objects.append(TLV(0xD0, [identifier])) }
            if let version { objects.append(TLV(0xD2, [version])) }
        }
        return CommandAPDU(cla: 0x80, ins: Instruction.delete, p1: 0x00, p2: p2, data: objects.bytes, expectedLength: 256)
    }

    /// The data objects of the command as they are.
    public static func objects(in command: CommandAPDU) throws(FormatError) -> [TLV] { try TLV.read(command.data, "DELETE", "data") }

    public static func parse(_ command: CommandAPDU) throws(FormatError) -> DeleteCommand {
        let structure = "DELETE"
        guard command.ins == Instruction.delete else { throw FormatError(.instruction, structure, "INS", "it is another command") }
        guard command.p1 == 0x00, command.p2 & 0x7F == 0 else { throw FormatError(.parameters, structure, "P1 P2", "0000 or 0080 was expected") }
        let related = command.p2 == 0x80
        let objects = try TLV.read(command.data, structure, "data")
        guard let first = objects.first else { throw FormatError(.data, structure, "data", "nothing to delete is named") }
        if first.tag == 0x4F {
            guard objects.dropFirst().allSatisfy({ [0x9E, 0xB6].contains($0.tag) }) else {
                throw FormatError(.data, structure, "data", "only a control reference and a token may follow the AID")
            }
            return .object(try first.readAID(structure), related: related, token: objects.first(0x9E)?.value)
        }
        guard !related else { throw FormatError(.parameters, structure, "P2", "keys have no related objects") }
        var identifier: UInt8?
        var version: UInt8?
        for object in objects {
            guard object.value.count == 1 else { throw FormatError(.data, structure, "\(object.tag)", "one byte was expected") }
            switch object.tag {
            case 0xD0 where identifier == nil: identifier = object.value[0]
            case 0xD2 where version == nil: version = object.value[0]
            default: throw FormatError(.data, structure, "\(object.tag)", "it is unknown or occurs twice")
            }
        }
        return .key(identifier: identifier, version: version)
    }
}
