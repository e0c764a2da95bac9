/// REF-DO E1{4F | C0, C1}, AR-DO E3{D0, D1}, and both together, REF-AR-DO E2{E1, E3}.
extension AccessRule {
    static let structure = "access rule"

    /// Reads an E2.
    public init(parsing object: TLV) throws(FormatError) {
        let structure = AccessRule.structure
        guard object.tag == 0xE2 else { throw FormatError(.data, structure, "tag", "E2 was expected, not \(object.tag)") }
        let parts = try object.read(structure)
        guard parts.count == 2, let reference = parts.first(0xE1), let permission = parts.first(0xE3) else {
            throw FormatError(.data, structure, "E2", "E1 and E3 were expected")
        }
        let (target, application, others) = try AccessRule.reference(reference)
        self.init(target: target, deviceApplication: application, apdu: nil, nfcEvents: nil, otherReferences: others)
        try readPermission(permission)
    }

    /// Reads an E1: target, device application, what else it holds.
    static func reference(_ object: TLV) throws(FormatError) -> (Target, DeviceApplication, [TLV]) {
        var target: Target?
        var application: DeviceApplication?
        var others: [TLV] = []
        for part in try object.read(structure) {
            switch part.tag {
            case 0x4F, 0xC0:
                guard target == nil else { throw FormatError(.data, structure, "\(part.tag)", "there are two targets") }
                target = try AccessRule.target(part)
            case 0xC1:
                guard application == nil else { throw FormatError(.data, structure, "C1", "it occurs twice") }
                guard [0, 20, 32].contains(part.value.count) else { throw FormatError(.data, structure, "C1", "a hash has 20 or 32 bytes, not \(part.value.count)") }
                application = part.value.isEmpty ? .any : .hash(part.value)
            default: others.append(part)
            }
        }
        guard let target, let application else { throw FormatError(.data, structure, "E1", "4F (or C0) and C1 were expected") }
        return (target, application, others)
    }

    static func target(_ object: TLV) throws(FormatError) -> Target {
        if object.tag == 0xC0 {
            guard object.value.isEmpty else { throw FormatError(.data, structure, "C0", "it must be empty") }
            return .implicitlySelected
        }
        guard object.value.count <= 16 else { throw FormatError(.data, structure, "4F", "an AID has at most 16 bytes") }
        return object.value.isEmpty ? .any : .aid(object.value)
    }

    private mutating func readPermission(_ object: TLV) throws(FormatError) {
        let structure = AccessRule.structure
        for part in try object.read(structure) {
            switch part.tag {
            case 0xD0 where apdu == nil: apdu = try AccessRule.apduAccess(part.value)
            case 0xD1 where nfcEvents == nil:
                guard part.value == [0x00] || part.value == [0x01] else { throw FormatError(.data, structure, "D1", "00 or 01 was expected") }
                nfcEvents = part.value == [0x01]
            case 0xD0, 0xD1: throw FormatError(.data, structure, "\(part.tag)", "it occurs twice")
            default: otherPermissions.append(part)
            }
        }
    }

    private static func apduAccess(_ value: [UInt8]) throws(FormatError) -> APDUAccess {
        if value == [0x00] { return .never }
        if value == [0x01] { return .always }
        guard !value.isEmpty, value.count.isMultiple(of: 8) else { throw FormatError(.data, structure, "D0", "00, 01 or filters of 8 bytes were expected") }
        var filters: [APDUFilter] = []
        for offset in stride(from: 0, to: value.count, by: 8) {
            filters.append(try APDUFilter(header: Array(value[offset..<offset + 4]), mask: Array(value[offset + 4..<offset + 8])))
        }
        return .filters(filters)
    }

    /// E1.
    public var reference: TLV {
        let hash: [UInt8] = if case .hash(let hash) = deviceApplication { hash } else { [] }
        return TLV(0xE1, [target.encoded, TLV(0xC1, hash)] + otherReferences)
    }

    /// E3.
    public var permission: TLV {
        var parts: [TLV] = []
        switch apdu {
        case .never: parts.append(TLV(0xD0, [0x00]))
        case .always: parts.append(TLV(0xD0, [0x01]))
        case .filters(let filters): parts.append(TLV(0xD0, filters.flatMap { $0.header + $0.mask }))
        case nil: break
        }
        if let nfcEvents { parts.append(TLV(0xD1, [nfcEvents ? 0x01 : 0x00])) }
        return TLV(0xE3, parts + otherPermissions)
    }

    /// E2.
    public var encoded: TLV { TLV(0xE2, [reference, permission]) }
}

extension AccessRule.Target {
    /// 4F or C0.
    public var encoded: TLV {
        switch self {
        case .aid(let bytes): TLV(0x4F, bytes)
        case .any: TLV(0x4F)
        case .implicitlySelected: TLV(0xC0)
        }
    }
}
