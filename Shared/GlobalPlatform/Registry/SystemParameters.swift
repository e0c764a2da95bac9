/// System specific parameters, tag EF of INSTALL (GPCS 2.3.1, tables 11-47 and 11-49): memory in bytes.
public struct SystemParameters: Hashable, Sendable {
    /// C6 of [for load]: least non-volatile memory for code.
    public var nonVolatileCodeMinimum: UInt32?
    /// C7: volatile memory, quota of an application or security domain, or least amount of [for load].
    public var volatileQuota: UInt32?
    /// C8: non-volatile memory, likewise.
    public var nonVolatileQuota: UInt32?
    /// D7: volatile memory set aside.
    public var volatileReserved: UInt32?
    /// D8: non-volatile memory set aside.
    public var nonVolatileReserved: UInt32?
    /// CB: two-byte service parameters of Global Services.
    public var globalServices: [UInt16]
    /// CF: implicit selection parameters.
    public var implicitSelection: [UInt8]
    /// Whatever else EF holds, in order.
    public var other: [TLV]

    public init(nonVolatileCodeMinimum: UInt32? = nil, volatileQuota: UInt32? = nil, nonVolatileQuota: UInt32? = nil, volatileReserved: UInt32? = nil,
                nonVolatileReserved: UInt32? = nil, globalServices: [UInt16] = [], implicitSelection: [UInt8] = [], other: [TLV] = []) {
        self.nonVolatileCodeMinimum = nonVolatileCodeMinimum
        self.volatileQuota = volatileQuota
        self.nonVolatileQuota = nonVolatileQuota
        self.volatileReserved = volatileReserved
        self.nonVolatileReserved = nonVolatileReserved
        self.globalServices = globalServices
        self.implicitSelection = implicitSelection
        self.other = other
    }

    /// Reads the value of EF.
    public init(parsing bytes: [UInt8]) throws(FormatError) {
        let structure = "system parameters"
        self.init()
        for object in try TLV.read(bytes, structure, "EF") {
            switch object.tag {
            case 0xC6: nonVolatileCodeMinimum = try SystemParameters.memory(object)
            case 0xC7: volatileQuota = try SystemParameters.memory(object)
            case 0xC8: nonVolatileQuota = try SystemParameters.memory(object)
            case 0xD7: volatileReserved = try SystemParameters.memory(object)
            case 0xD8: nonVolatileReserved = try SystemParameters.memory(object)
            case 0xCB:
                guard object.value.count.isMultiple(of: 2), !object.value.isEmpty else {
                    throw FormatError(.data, structure, "CB", "pairs of bytes were expected")
                }
                for index in stride(from: 0, to: object.value.count, by: 2) {
                    globalServices.append(UInt16(object.value[index]) << 8 | UInt16(object.value[index + 1]))
                }
            case 0xCF: implicitSelection += object.value
            default: other.append(object)
            }
        }
    }

    public var isEmpty: Bool { objects.isEmpty }

    /// The value of EF.
    public var bytes: [UInt8] { objects.bytes }

    private var objects: [TLV] {
        var objects: [TLV] = []
        let amounts: [(TLVTag, UInt32?)] = [(0xC6, nonVolatileCodeMinimum), (0xC7, volatileQuota), (0xC8, nonVolatileQuota),
                                            (0xD7, volatileReserved), (0xD8, nonVolatileReserved)]
        for (tag, amount) in amounts {
            if let amount { objects.append(TLV(tag, SystemParameters.memory(amount))) }
        }
        if !globalServices.isEmpty { objects.append(TLV(0xCB, globalServices.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] })) }
        objects += implicitSelection.map { TLV(0xCF, [$0]) }
        return objects + other
    }

    /// Two bytes up to 32 767, else four.
    static func memory(_ amount: UInt32) -> [UInt8] {
        if amount <= 0x7FFF { return [UInt8(amount >> 8), UInt8(amount & 0xFF)] }
        return [UInt8(amount >> 24), UInt8(amount >> 16 & 0xFF), UInt8(amount >> 8 & 0xFF), UInt8(amount & 0xFF)]
    }

    private static func memory(_ object: TLV) throws(FormatError) -> UInt32 {
        guard object.value.count == 2 || object.value.count == 4 else {
            throw FormatError(.data, "system parameters", "\(object.tag)", "an amount of memory has 2 or 4 bytes, not \(object.value.count)")
        }
        return try object.readNumber("system parameters")
    }
}
