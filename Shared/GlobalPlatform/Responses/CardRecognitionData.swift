/// Card recognition data, or security domain management data (GPCS 2.3.1, H.2): 66{73{06, 60{06}, 63{06}, 64{06 … scp i}…}}.
public struct CardRecognitionData: Hashable, Sendable {
    /// 60: the version of the GlobalPlatform card specification, such as [2, 3, 1].
    public var cardSpecificationVersion: [Int]
    /// 64, one each.
    public var secureChannels: [SecureChannelProtocol]
    /// 65: card configuration details.
    public var cardConfiguration: [UInt8]?
    /// 66: card and chip details, such as the Java Card version's object identifier.
    public var chipDetails: [UInt8]?

    public init(cardSpecificationVersion: [Int], secureChannels: [SecureChannelProtocol], cardConfiguration: [UInt8]? = nil, chipDetails: [UInt8]? = nil) {
        self.cardSpecificationVersion = cardSpecificationVersion
        self.secureChannels = secureChannels
        self.cardConfiguration = cardConfiguration
        self.chipDetails = chipDetails
    }

    /// {iso(1) member-body(2) country-USA(840) globalPlatform(114283)}
    private static let globalPlatform: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B]
    private static let structure = "card recognition data"

    public init(parsing data: [UInt8]) throws(FormatError) {
        let structure = CardRecognitionData.structure
        let outer = try TLV.readOne(data, tag: 0x66, structure)
        guard let template = try outer.read(structure).first(0x73) else { throw FormatError(.data, structure, "73", "it is missing") }
        self.init(cardSpecificationVersion: [], secureChannels: [])
        let objects = try template.read(structure)
        guard objects.first(0x06)?.value == CardRecognitionData.globalPlatform + [0x01] else {
            throw FormatError(.data, structure, "06", "it is not GlobalPlatform's")
        }
        for object in objects {
            switch object.tag {
            case 0x60: cardSpecificationVersion = try CardRecognitionData.arcs(object, under: 0x02).map { Int($0) }
            case 0x64:
                let arcs = try CardRecognitionData.arcs(object, under: 0x04)
                guard arcs.count == 2, let identifier = UInt8(exactly: arcs[0]), let option = UInt8(exactly: arcs[1]) else {
                    throw FormatError(.data, structure, "64", "protocol and option were expected")
                }
                secureChannels.append(SecureChannelProtocol(identifier: identifier, option: option))
            case 0x65: cardConfiguration = object.value
            case 0x66: chipDetails = object.value
            default: break
            }
        }
    }

    public var bytes: [UInt8] {
        func identifier(_ arcs: [UInt8]) -> TLV { TLV(0x06, CardRecognitionData.globalPlatform + arcs) }
        var objects = [identifier([0x01])]
        objects.append(TLV(0x60, [identifier([0x02] + cardSpecificationVersion.map { UInt8(clamping: $0) })]))
        objects.append(TLV(0x63, [identifier([0x03])]))
        objects += secureChannels.map { TLV(0x64, [identifier([0x04] + CardRecognitionData.arc($0.identifier) + CardRecognitionData.arc($0.option))]) }
        if let cardConfiguration { objects.append(TLV(0x65, cardConfiguration)) }
        if let chipDetails { objects.append(TLV(0x66, chipDetails)) }
        return TLV(0x66, [TLV(0x73, objects)]).bytes
    }

    /// An arc of 128 or more takes two bytes in base 128; no option `i` of today does.
    private static func arc(_ value: UInt8) -> [UInt8] { value < 0x80 ? [value] : [0x81, value & 0x7F] }

    /// What follows GlobalPlatform's arc `branch` in the object identifier inside `object`.
    private static func arcs(_ object: TLV, under branch: UInt8) throws(FormatError) -> [UInt32] {
        let prefix = globalPlatform + [branch]
        guard let identifier = try object.read(structure).first(0x06), identifier.value.starts(with: prefix) else {
            throw FormatError(.data, structure, "\(object.tag)", "GlobalPlatform's object identifier is missing")
        }
        var arcs: [UInt32] = []
        var value: UInt32 = 0
        var open = false
        for byte in identifier.value.dropFirst(prefix.count) {
            guard value <= 0x1FFFFFF else { throw FormatError(.data, structure, "\(object.tag)", "an arc of the object identifier is too large") }
            value = value << 7 | UInt32(byte & 0x7F)
            open = byte & 0x80 != 0
            if !open {
                arcs.append(value)
                value = 0
            }
        }
        guard !open else { throw FormatError(.data, structure, "\(object.tag)", "the object identifier is cut short") }
        return arcs
    }
}
