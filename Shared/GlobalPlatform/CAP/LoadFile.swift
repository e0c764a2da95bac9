/// A load file (GPCS 2.3.1, table 11-58): DAP blocks E2, if any, then C4 with the load file data block.
public struct LoadFile: Hashable, Sendable {
    /// E2{4F security domain, C3 signature} each.
    public struct DAPBlock: Hashable, Sendable {
        public var securityDomain: AID
        public var signature: [UInt8]

        public init(securityDomain: AID, signature: [UInt8]) {
            self.securityDomain = securityDomain
            self.signature = signature
        }
    }

    public var dapBlocks: [DAPBlock]
    public var dataBlock: [UInt8]

    public init(dapBlocks: [DAPBlock] = [], dataBlock: [UInt8]) {
        self.dapBlocks = dapBlocks
        self.dataBlock = dataBlock
    }

    /// Reads what the blocks of LOAD are when joined; a ciphered data block (`LoadFileStructure`) is an error.
    public init(parsing bytes: [UInt8]) throws(FormatError) {
        let structure = try LoadFileStructure(parsing: bytes)
        guard case .plain(let block) = structure.content else { throw FormatError(.data, "load file", "D4", "the data block is ciphered") }
        self.init(dapBlocks: structure.dapBlocks, dataBlock: block)
    }

    public var bytes: [UInt8] { LoadFileStructure(dapBlocks: dapBlocks, content: .plain(dataBlock)).bytes }

    /// Of a load file with nothing but a data block of so many bytes: the data block, its tag and its length.
    public static func length(dataBlock size: Int) -> Int { size + (size < 0x80 ? 2 : size <= 0xFF ? 3 : size <= 0xFFFF ? 4 : 5) }

    /// The LOAD commands, each with at most `maximumPayload` bytes of data before secure messaging.
    public func commands(maximumPayload: Int) throws(FormatError) -> [LoadCommand] {
        try LoadCommand.split(loadFile: bytes, maximumPayload: maximumPayload)
    }
}

/// The beginning of a load file data block as a card sees it: the Header component alone, for AID, version and flags.
extension CAPHeader {
    /// Throws `CAPError` when the block does not begin with a Header component.
    public init(loadFileDataBlock: [UInt8]) throws(CAPError) {
        guard loadFileDataBlock.count >= 3 else { throw CAPError(.missingComponent, "Header.cap", "the load file data block is too short") }
        let length = 3 + (Int(loadFileDataBlock[1]) << 8 | Int(loadFileDataBlock[2]))
        try self.init(try CAPComponent(kind: .header, bytes: Array(loadFileDataBlock.prefix(length))))
    }
}
