/// What is written to an ARA-M or ARA-C in STORE DATA, P1 90 (GPD_SPE_013).
public enum AccessRuleCommand: Hashable, Sendable {
    /// F0{E2}.
    case store(AccessRule)
    /// F1{4F | C0}: all rules of a target.
    case deleteTarget(AccessRule.Target)
    /// F1{E1}: all rules of a target and a device application.
    case deleteReference(AccessRule.Target, AccessRule.DeviceApplication)
    /// F1{E2}: one rule.
    case deleteRule(AccessRule)
    /// F1 00.
    case deleteAll
    /// F2 00: tells readers that the rules have changed.
    case updateRefreshTag
    /// F3 to F6, reading by STORE DATA, and F7, registration of clients: kept as they come.
    case other(TLV)

    public var encoded: TLV {
        switch self {
        case .store(let rule): TLV(0xF0, [rule.encoded])
        case .deleteTarget(let target): TLV(0xF1, [target.encoded])
        case .deleteReference(let target, let application):
            TLV(0xF1, [AccessRule(target: target, deviceApplication: application, apdu: nil, nfcEvents: nil).reference])
        case .deleteRule(let rule): TLV(0xF1, [rule.encoded])
        case .deleteAll: TLV(0xF1)
        case .updateRefreshTag: TLV(0xF2)
        case .other(let object): object
        }
    }

    /// One STORE DATA, P1 90, case 3.
    public var storeData: StoreDataCommand { StoreDataCommand(structure: .berTLV, data: encoded.bytes) }

    /// Reads the data of STORE DATA: one command or several.
    public static func parse(_ data: [UInt8]) throws(FormatError) -> [AccessRuleCommand] {
        let structure = "access rule command"
        var commands: [AccessRuleCommand] = []
        for object in try TLV.read(data, structure, "data") {
            switch object.tag {
            case 0xF0:
                let rules = try object.read(structure)
                guard rules.count == 1 else { throw FormatError(.data, structure, "F0", "one rule was expected, not \(rules.count)") }
                commands.append(.store(try AccessRule(parsing: rules[0])))
            case 0xF1: commands.append(try deletion(object))
            case 0xF2:
                guard object.value.isEmpty else { throw FormatError(.data, structure, "F2", "it must be empty") }
                commands.append(.updateRefreshTag)
            case 0xF3, 0xF4, 0xF5, 0xF6, 0xF7: commands.append(.other(object))
            default: throw FormatError(.data, structure, "\(object.tag)", "the command is unknown")
            }
        }
        guard !commands.isEmpty else { throw FormatError(.data, structure, "data", "it is empty") }
        return commands
    }

    private static func deletion(_ object: TLV) throws(FormatError) -> AccessRuleCommand {
        let structure = "access rule command"
        let parts = try object.read(structure)
        guard let part = parts.first else { return .deleteAll }
        guard parts.count == 1 else { throw FormatError(.data, structure, "F1", "at most one object was expected, not \(parts.count)") }
        switch part.tag {
        case 0x4F, 0xC0: return .deleteTarget(try AccessRule.target(part))
        case 0xE1:
            let (target, application, _) = try AccessRule.reference(part)
            return .deleteReference(target, application)
        case 0xE2: return .deleteRule(try AccessRule(parsing: part))
        default: throw FormatError(.data, structure, "\(part.tag)", "4F, C0, E1 or E2 was expected")
        }
    }

    /// Whether a stored rule is one that this command deletes; false for every command that deletes nothing.
    public func deletes(_ rule: AccessRule) -> Bool {
        switch self {
        case .deleteAll: true
        case .deleteTarget(let target): rule.target == target
        case .deleteReference(let target, let application): rule.target == target && rule.deviceApplication == application
        case .deleteRule(let deleted): rule == deleted
        case .store, .updateRefreshTag, .other: false
        }
    }
}
