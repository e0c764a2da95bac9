/// Card production life cycle data, 9F7F: 42 bytes, numbers as the manufacturer and issuer wrote them.
public struct CardProductionLifeCycle: Hashable, Sendable {
    /// Each field with its length, in order.
    public enum Field: Int, CaseIterable, Sendable {
        case icFabricator, icType, operatingSystemID, operatingSystemReleaseDate, operatingSystemReleaseLevel, icFabricationDate
        case icSerialNumber, icBatchIdentifier, icModuleFabricator, icModulePackagingDate, iccManufacturer, icEmbeddingDate
        case icPrePersonalizer, icPrePersonalizationDate, icPrePersonalizationEquipment, icPersonalizer, icPersonalizationDate, icPersonalizationEquipment

        public var length: Int {
            switch self {
            case .icSerialNumber, .icPrePersonalizationEquipment, .icPersonalizationEquipment: 4
            default: 2
            }
        }

        var offset: Int { Field.allCases.prefix(rawValue).reduce(0) { $0 + $1.length } }
    }

    /// 42 bytes.
    public let data: [UInt8]

    public init(data: [UInt8]) throws(FormatError) {
        guard data.count == 42 else { throw FormatError(.data, "CPLC", "length", "42 bytes were expected, not \(data.count)") }
        self.data = data
    }

    /// The response to GET DATA; some cards leave out the tag.
    public init(parsing response: [UInt8]) throws(FormatError) {
        if response.count == 42 {
            try self.init(data: response)
        } else {
            try self.init(data: TLV.readOne(response, tag: 0x9F7F, "CPLC").value)
        }
    }

    public subscript(field: Field) -> [UInt8] {
        Array(data[field.offset..<field.offset + field.length])
    }

    /// Fabricator, type, batch and serial number of the chip: ten bytes that identify it.
    public var chipIdentity: [UInt8] { self[.icFabricator] + self[.icType] + self[.icBatchIdentifier] + self[.icSerialNumber] }

    /// Where a field begins in `data`.
    public static func offset(of field: Field) -> Int { field.offset }

    public var bytes: [UInt8] { TLV(0x9F7F, data).bytes }
}
