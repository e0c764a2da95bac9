/// STORE DATA (GPCS 2.3.1, 11.11): `80 E2 P1 n data`.
public struct StoreDataCommand: Hashable, Sendable {
    /// P1.b5b4: how the data is structured.
    public enum Structure: UInt8, Hashable, Sendable, CaseIterable {
        case unspecified = 0x00
        case dgi = 0x08
        case berTLV = 0x10
    }

    /// P1.b7b6: what says whether parts of the data are encrypted under the data encryption key.
    public enum Encryption: UInt8, Hashable, Sendable, CaseIterable {
        case none = 0x00
        /// The application knows.
        case applicationDependent = 0x20
        case encrypted = 0x60
    }

    public var blockNumber: UInt8
    public var isLast: Bool
    public var structure: Structure
    public var encryption: Encryption
    /// P1.b1: the application may answer data, so Le is sent.
    public var expectsResponse: Bool
    public var data: [UInt8]

    public init(blockNumber: UInt8 = 0, isLast: Bool = true, structure: Structure, encryption: Encryption = .none, expectsResponse: Bool = false, data: [UInt8]) {
        self.blockNumber = blockNumber
        self.isLast = isLast
        self.structure = structure
        self.encryption = encryption
        self.expectsResponse = expectsResponse
        self.data = data
    }

    public var p1: UInt8 {
        (isLast ? 0x80 : 0) | encryption.rawValue | structure.rawValue | (expectsResponse ? 0x01 : 0)
    }

    public var apdu: CommandAPDU {
        CommandAPDU(cla: 0x80, ins: Instruction.storeData, p1: p1, p2: blockNumber, data: data, expectedLength: expectsResponse ? 256 : nil)
    }

    public static func parse(_ command: CommandAPDU) throws(FormatError) -> StoreDataCommand {
        let name = "STORE DATA"
        guard command.ins == Instruction.storeData else { throw FormatError(.instruction, name, "INS", "it is another command") }
        guard let structure = Structure(rawValue: command.p1 & 0x18), let encryption = Encryption(rawValue: command.p1 & 0x60), command.p1 & 0x06 == 0 else {
            throw FormatError(.parameters, name, "P1", "reserved bits or values are set")
        }
        return StoreDataCommand(blockNumber: command.p2, isLast: command.p1 & 0x80 != 0, structure: structure, encryption: encryption,
                                expectsResponse: command.p1 & 0x01 != 0, data: command.data)
    }

    /// The data in as few blocks as `maximumPayload` bytes of command data allow, cut anywhere; one empty block for no data.
    public static func split(_ data: [UInt8], structure: Structure, encryption: Encryption = .none, maximumPayload: Int) throws(FormatError) -> [StoreDataCommand] {
        guard (1...255).contains(maximumPayload) else { throw FormatError(.length, "STORE DATA", "payload", "1 to 255 bytes a command, not \(maximumPayload)") }
        let blocks = stride(from: 0, to: max(data.count, 1), by: maximumPayload).map { Array(data[$0..<min($0 + maximumPayload, data.count)]) }
        return try commands(blocks, structure, encryption)
    }

    /// Whole units (data groupings, data objects), as many to a block as fit; a unit longer than a block is cut, alone in its blocks.
    public static func pack(_ units: [[UInt8]], structure: Structure, encryption: Encryption = .none, maximumPayload: Int) throws(FormatError) -> [StoreDataCommand] {
        guard (1...255).contains(maximumPayload) else { throw FormatError(.length, "STORE DATA", "payload", "1 to 255 bytes a command, not \(maximumPayload)") }
        var blocks: [[UInt8]] = []
        var block: [UInt8] = []
        for unit in units {
            if !block.isEmpty && block.count + unit.count > maximumPayload {
                blocks.append(block)
                block = []
            }
            if unit.count > maximumPayload {
                blocks += stride(from: 0, to: unit.count, by: maximumPayload).map { Array(unit[$0..<min($0 + maximumPayload, unit.count)]) }
            } else {
                block += unit
            }
        }
        if !block.isEmpty || blocks.isEmpty { blocks.append(block) }
        return try commands(blocks, structure, encryption)
    }

    private static func commands(_ blocks: [[UInt8]], _ structure: Structure, _ encryption: Encryption) throws(FormatError) -> [StoreDataCommand] {
        guard blocks.count <= 256 else { throw FormatError(.length, "STORE DATA", "data", "\(blocks.count) blocks, and there are 256 at most") }
        return blocks.enumerated().map { number, block in
            StoreDataCommand(blockNumber: UInt8(number), isLast: number == blocks.count - 1, structure: structure, encryption: encryption, data: block)
        }
    }
}
