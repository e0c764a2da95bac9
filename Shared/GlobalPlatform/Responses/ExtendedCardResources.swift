/// Free memory and applications (ETSI TS 102 226, 8.2.1.7.2): FF21{81 applications, 82 non-volatile, 83 volatile}, memory in bytes.
public struct ExtendedCardResources: Hashable, Sendable {
    public var applications: UInt32
    public var freeNonVolatileMemory: UInt32
    public var freeVolatileMemory: UInt32

    public init(applications: UInt32, freeNonVolatileMemory: UInt32, freeVolatileMemory: UInt32) {
        self.applications = applications
        self.freeNonVolatileMemory = freeNonVolatileMemory
        self.freeVolatileMemory = freeVolatileMemory
    }

    public init(parsing data: [UInt8]) throws(FormatError) {
        let structure = "extended card resources"
        let objects = try TLV.readOne(data, tag: 0xFF21, structure).read(structure)
        func number(_ tag: TLVTag) throws(FormatError) -> UInt32 {
            guard let object = objects.first(tag) else { throw FormatError(.data, structure, "\(tag)", "it is missing") }
            return try object.readNumber(structure)
        }
        self.init(applications: try number(0x81), freeNonVolatileMemory: try number(0x82), freeVolatileMemory: try number(0x83))
    }

    /// Applications in one byte where they fit, memory in four.
    public var bytes: [UInt8] {
        func four(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        let count = applications <= 0xFF ? [UInt8(applications)] : four(applications)
        return TLV(0xFF21, [TLV(0x81, count), TLV(0x82, four(freeNonVolatileMemory)), TLV(0x83, four(freeVolatileMemory))]).bytes
    }
}
