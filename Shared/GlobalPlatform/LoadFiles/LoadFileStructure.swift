import Cryptography

/// A load file as a card receives it (GPCS 2.3.1, table 11-58): DAP blocks E2, then the load file data block in the clear (C4), or ciphered
/// (D4, with its initial value D3 before it unless that is zero).
public struct LoadFileStructure: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case plain([UInt8])
        /// AES-CBC of the padded block.
        case ciphered([UInt8], initialValue: [UInt8])
    }

    public var dapBlocks: [LoadFile.DAPBlock]
    public var content: Content

    public init(dapBlocks: [LoadFile.DAPBlock] = [], content: Content) {
        self.dapBlocks = dapBlocks
        self.content = content
    }

    /// Enciphers a load file data block (GPCS 2.3.1, C.6): padded by 80 00…, AES-CBC.
    public init(dapBlocks: [LoadFile.DAPBlock] = [], enciphering dataBlock: [UInt8], key: SecretBytes,
                initialValue: [UInt8] = [UInt8](repeating: 0, count: AES.blockLength)) throws(CryptographyError) {
        let padded = dataBlock + [0x80] + [UInt8](repeating: 0, count: 15 - dataBlock.count % 16)
        self.init(dapBlocks: dapBlocks, content: .ciphered(try AES.encryptCBC(padded, key: key, iv: initialValue), initialValue: initialValue))
    }

    private static let structure = "load file"
    private static let zeroes = [UInt8](repeating: 0, count: AES.blockLength)

    /// Reads what the blocks of LOAD are when joined.
    public init(parsing bytes: [UInt8]) throws(FormatError) {
        let structure = LoadFileStructure.structure
        var blocks: [LoadFile.DAPBlock] = []
        var initialValue: [UInt8]?
        var content: Content?
        for object in try TLV.read(bytes, structure, "data") {
            guard content == nil else { throw FormatError(.data, structure, "\(object.tag)", "the data block comes last") }
            switch object.tag {
            case 0xE2 where initialValue == nil:
                let parts = try object.read(structure)
                guard parts.count == 2, parts[0].tag == 0x4F, parts[1].tag == 0xC3, !parts[1].value.isEmpty else {
                    throw FormatError(.data, structure, "E2", "4F and C3 were expected")
                }
                blocks.append(LoadFile.DAPBlock(securityDomain: try parts[0].readAID(structure), signature: parts[1].value))
            case 0xC4 where initialValue == nil: content = .plain(object.value)
            case 0xD3 where initialValue == nil:
                guard object.value.count == AES.blockLength else { throw FormatError(.data, structure, "D3", "16 bytes were expected") }
                initialValue = object.value
            case 0xD4:
                guard !object.value.isEmpty, object.value.count.isMultiple(of: AES.blockLength) else {
                    throw FormatError(.data, structure, "D4", "whole blocks were expected")
                }
                content = .ciphered(object.value, initialValue: initialValue ?? LoadFileStructure.zeroes)
            default: throw FormatError(.data, structure, "\(object.tag)", "E2, C4, D3 or D4 was expected")
            }
        }
        guard let content else { throw FormatError(.data, structure, "C4", "the data block is missing") }
        self.init(dapBlocks: blocks, content: content)
    }

    public var bytes: [UInt8] {
        var objects = dapBlocks.map { TLV(0xE2, [TLV(0x4F, $0.securityDomain.bytes), TLV(0xC3, $0.signature)]) }
        switch content {
        case .plain(let block): objects.append(TLV(0xC4, block))
        case .ciphered(let block, let initialValue):
            if initialValue != LoadFileStructure.zeroes { objects.append(TLV(0xD3, initialValue)) }
            objects.append(TLV(0xD4, block))
        }
        return objects.bytes
    }

    /// The LOAD commands, each with at most `maximumPayload` bytes of data before secure messaging.
    public func commands(maximumPayload: Int) throws(FormatError) -> [LoadCommand] {
        try LoadCommand.split(loadFile: bytes, maximumPayload: maximumPayload)
    }

    /// The load file data block of a ciphered load file; nil when the padding shows that the key is another.
    public static func decipher(_ block: [UInt8], initialValue: [UInt8], key: SecretBytes) throws(CryptographyError) -> [UInt8]? {
        let padded = try AES.decryptCBC(block, key: key, iv: initialValue)
        guard let end = padded.lastIndex(where: { $0 != 0 }), padded[end] == 0x80, end >= padded.count - AES.blockLength else { return nil }
        return Array(padded[..<end])
    }
}
