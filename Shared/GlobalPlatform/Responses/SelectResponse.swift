/// File control information that SELECT answers (GPCS 2.3.1, table 11-82): 6F{84 AID, A5{73 …, 9F6E, 9F65}}.
public struct SelectResponse: Hashable, Sendable {
    /// 84.
    public var aid: AID
    /// 9F65: most bytes of command data.
    public var maximumCommandLength: Int?
    /// 9F6E: application production life cycle data.
    public var productionLifeCycle: [UInt8]?
    /// 73: security domain management data, as in card recognition data.
    public var managementData: [TLV]?

    public init(aid: AID, maximumCommandLength: Int? = nil, productionLifeCycle: [UInt8]? = nil, managementData: [TLV]? = nil) {
        self.aid = aid
        self.maximumCommandLength = maximumCommandLength
        self.productionLifeCycle = productionLifeCycle
        self.managementData = managementData
    }

    public init(parsing data: [UInt8]) throws(FormatError) {
        let structure = "SELECT response"
        let objects = try TLV.readOne(data, tag: 0x6F, structure).read(structure)
        guard let name = objects.first(0x84) else { throw FormatError(.data, structure, "84", "the AID is missing") }
        self.init(aid: try name.readAID(structure))
        guard let proprietary = objects.first(0xA5) else { return }
        for object in try proprietary.read(structure) {
            switch object.tag {
            case 0x9F65: maximumCommandLength = Int(try object.readNumber(structure))
            case 0x9F6E: productionLifeCycle = object.value
            case 0x73: managementData = try object.read(structure)
            default: break
            }
        }
    }

    public var bytes: [UInt8] {
        var proprietary: [TLV] = []
        if let managementData { proprietary.append(TLV(0x73, managementData)) }
        if let productionLifeCycle { proprietary.append(TLV(0x9F6E, productionLifeCycle)) }
        if let length = maximumCommandLength, (0...0xFFFF).contains(length) {
            proprietary.append(TLV(0x9F65, length <= 0xFF ? [UInt8(length)] : [UInt8(length >> 8), UInt8(length & 0xFF)]))
        }
        return TLV(0x6F, [TLV(0x84, aid.bytes), TLV(0xA5, proprietary)]).bytes
    }
}
