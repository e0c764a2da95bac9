/// MANAGE ELF UPGRADE (Amendment H 1.1): `80 EA action 00 [A1{4F load file}] 00`, by which a load file is replaced and its instances keep their data.
///
/// A reading: instruction, actions, statuses and tags are those of a public host implementation, the amendment's own text was not at hand.
public struct ManageUpgradeCommand: Hashable, Sendable {
    /// P1.
    public enum Action: UInt8, Hashable, Sendable, CaseIterable {
        /// Data of the instances is saved, instances and load file are taken off the card.
        case start = 0x01
        /// After the new load file was loaded: instances are installed from it and get their data back.
        case resume = 0x02
        /// After a failed restore: the new load file is taken off again, another one can be loaded.
        case recover = 0x03
        /// The session ends; what it had saved is lost.
        case abort = 0x04
        case status = 0x08
    }

    public var action: Action
    /// Of `start` only.
    public var loadFile: AID?

    public init(_ action: Action, loadFile: AID? = nil) {
        self.action = action
        self.loadFile = loadFile
    }

    static let structure = "MANAGE ELF UPGRADE"

    public var apdu: CommandAPDU {
        let data = loadFile.map { TLV(0xA1, [TLV(0x4F, $0.bytes)]).bytes } ?? []
        return CommandAPDU(cla: 0x80, ins: Instruction.manageUpgrade, p1: action.rawValue, p2: 0x00, data: data, expectedLength: 256)
    }

    public static func parse(_ command: CommandAPDU) throws(FormatError) -> ManageUpgradeCommand {
        guard command.ins == Instruction.manageUpgrade else { throw FormatError(.instruction, structure, "INS", "it is another command") }
        guard let action = Action(rawValue: command.p1), command.p2 == 0 else { throw FormatError(.parameters, structure, "P1 P2", "no such action is known") }
        guard action == .start else {
            guard command.data.isEmpty else { throw FormatError(.data, structure, "data", "only the start names a load file") }
            return ManageUpgradeCommand(action)
        }
        let objects = try TLV.readOne(command.data, tag: 0xA1, structure).read(structure)
        guard objects.count == 1, let name = objects.first(0x4F) else { throw FormatError(.data, structure, "A1", "the load file's AID (4F) alone was expected") }
        return ManageUpgradeCommand(.start, loadFile: try name.readAID(structure))
    }
}

/// What MANAGE ELF UPGRADE answers: `00`, then the length and the value of A1{90 status, 4F load file}.
public struct ManageUpgradeResponse: Hashable, Sendable {
    /// 90: 00 no session, 01 completed, 02 waits for the load file, 03 waits for the restore, 04 the restore failed, higher ones interrupted phases.
    public var status: UInt8
    public var loadFile: AID?

    public init(status: UInt8, loadFile: AID?) {
        self.status = status
        self.loadFile = loadFile
    }

    public init(parsing data: [UInt8]) throws(FormatError) {
        var reader = FieldReader(data, structure: ManageUpgradeCommand.structure)
        _ = try reader.field("confirmation")
        let objects = try TLV.readOne(try reader.field("session"), tag: 0xA1, ManageUpgradeCommand.structure).read(ManageUpgradeCommand.structure)
        guard let status = objects.first(0x90)?.value, status.count == 1 else {
            throw FormatError(.data, ManageUpgradeCommand.structure, "90", "the status, one byte, is missing")
        }
        self.init(status: status[0], loadFile: nil)
        if let name = objects.first(0x4F) { loadFile = try name.readAID(ManageUpgradeCommand.structure) }
    }

    public var bytes: [UInt8] {
        let session = TLV(0xA1, [TLV(0x90, [status])] + (loadFile.map { [TLV(0x4F, $0.bytes)] } ?? [])).bytes
        return [0x00, UInt8(session.count)] + session
    }
}

extension Instruction {
    /// MANAGE ELF UPGRADE (Amendment H).
    public static let manageUpgrade: UInt8 = 0xEA
}
