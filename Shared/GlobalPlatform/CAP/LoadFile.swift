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

    /// Reads what the blocks of LOAD are when joined.
    public init(parsing bytes: [UInt8]) throws(FormatError) {
        let structure = "load file"
        var blocks: [DAPBlock] = []
        var dataBlock: [UInt8]?
        for object in try TLV.read(bytes, structure, "data") {
            guard dataBlock == nil else { throw FormatError(.data, structure, "\(object.tag)", "the data block comes last") }
            switch object.tag {
            case 0xE2:
                let parts = try object.read(structure)
                guard parts.count == 2, parts[0].tag == 0x4F, parts[1].tag == 0xC3 else { throw FormatError(.data, structure, "E2", "4F and C3 were expected") }
                blocks.append(DAPBlock(securityDomain: try parts[0].readAID(structure), signature: parts[1].value))
            case 0xC4: dataBlock = object.value
            default: throw FormatError(.data, structure, "\(object.tag)", "E2 or C4 was expected")
            }
        }
        guard let dataBlock else { throw FormatError(.data, structure, "C4", "the data block is missing") }
        self.init(dapBlocks: blocks, dataBlock: dataBlock)
    }

    public var bytes: [UInt8] {
        let blocks = dapBlocks.map { TLV(0xE2, [TLV(0x4F, $0.securityDomain.bytes), TLV(0xC3, $0.signature)]) }
        return (blocks + [TLV(0xC4, dataBlock)]).bytes
    }

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
