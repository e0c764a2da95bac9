/// LOAD (GPCS 2.3.1, 11.6): `80 E8 {00 more | 80 last} n block`, blocks counted from 00 to FF.
public struct LoadCommand: Hashable, Sendable {
    public var blockNumber: UInt8
    public var isLast: Bool
    public var block: [UInt8]

    public init(blockNumber: UInt8, isLast: Bool, block: [UInt8]) {
        self.blockNumber = blockNumber
        self.isLast = isLast
        self.block = block
    }

    public var apdu: CommandAPDU {
        CommandAPDU(cla: 0x80, ins: Instruction.load, p1: isLast ? 0x80 : 0x00, p2: blockNumber, data: block, expectedLength: 256)
    }

    public static func parse(_ command: CommandAPDU) throws(FormatError) -> LoadCommand {
        let structure = "LOAD"
        guard command.ins == Instruction.load else { throw FormatError(.instruction, structure, "INS", "it is another command") }
        guard command.p1 & 0x7F == 0 else { throw FormatError(.parameters, structure, "P1", "00 or 80 was expected") }
        guard !command.data.isEmpty else { throw FormatError(.length, structure, "data", "the block is empty") }
        return LoadCommand(blockNumber: command.p2, isLast: command.p1 == 0x80, block: command.data)
    }

    /// As many as P2 can count.
    public static let maximumBlocks = 256

    /// Bytes of a block where most fit under secure messaging: encrypted, with a MAC of eight bytes. Cards with long MACs (S16) take fewer.
    public static let largestPayload = SecurityLevel.commands.maximumPayload(SCP03Parameter(rawValue: 0x00))

    /// Blocks that a load file of so many bytes takes; nil: more than can be counted.
    public static func blockCount(loadFileLength: Int, maximumPayload: Int) -> Int? {
        guard loadFileLength > 0, maximumPayload > 0 else { return nil }
        let count = loadFileLength / maximumPayload + (loadFileLength % maximumPayload == 0 ? 0 : 1)
        return count <= maximumBlocks ? count : nil
    }

    /// The load file (`[E2 …] C4 …`) in as few blocks as `maximumPayload` bytes of command data allow, secure messaging not counted.
    /// Throws when it is empty or needs more than 256 blocks.
    public static func split(loadFile: [UInt8], maximumPayload: Int) throws(FormatError) -> [LoadCommand] {
        guard (1...255).contains(maximumPayload) else { throw FormatError(.length, "LOAD", "payload", "1 to 255 bytes a command, not \(maximumPayload)") }
        guard !loadFile.isEmpty else { throw FormatError(.length, "LOAD", "load file", "it is empty") }
        let count = (loadFile.count + maximumPayload - 1) / maximumPayload
        guard count <= maximumBlocks else {
            throw FormatError(.length, "LOAD", "load file", "\(loadFile.count) bytes need \(count) blocks of \(maximumPayload), and there are \(maximumBlocks) at most")
        }
        return (0..<count).map { number in
            let start = number * maximumPayload
            let end = min(start + maximumPayload, loadFile.count)
            return LoadCommand(blockNumber: UInt8(number), isLast: number == count - 1, block: Array(loadFile[start..<end]))
        }
    }
}
