/// What GET DATA answers of an ARA-M: FF40{E2…} all rules, FF50{E3…} those of a REF-DO, DF20 the refresh tag.
public enum AccessRuleResponse {
    /// FF40 with every rule; a card sends it in parts, the first on FF40, the others on FF60.
    public static func all(_ rules: [AccessRule]) -> [UInt8] { TLV(0xFF40, rules.map(\.encoded)).bytes }

    /// Reads the joined parts.
    public static func parseAll(_ data: [UInt8]) throws(FormatError) -> [AccessRule] {
        let structure = "access rules"
        var rules: [AccessRule] = []
        for object in try TLV.readOne(data, tag: 0xFF40, structure).read(structure) { rules.append(try AccessRule(parsing: object)) }
        return rules
    }

    /// FF50 with the AR-DOs of one reference.
    public static func specific(_ rules: [AccessRule]) -> [UInt8] { TLV(0xFF50, rules.map(\.permission)).bytes }

    /// The REF-DO in the data of GET DATA FF50.
    public static func reference(in command: GetDataCommand) throws(FormatError) -> (target: AccessRule.Target, deviceApplication: AccessRule.DeviceApplication) {
        let (target, application, _) = try AccessRule.reference(TLV.readOne(command.data, tag: 0xE1, "access rules"))
        return (target, application)
    }

    /// GET DATA FF50 for one reference.
    public static func query(_ target: AccessRule.Target, _ application: AccessRule.DeviceApplication) -> GetDataCommand {
        GetDataCommand(tag: 0xFF50, data: AccessRule(target: target, deviceApplication: application, apdu: nil, nfcEvents: nil).reference.bytes)
    }

    /// DF20 08: eight bytes that change with every change of the rules.
    public static func refreshTag(_ value: [UInt8]) -> [UInt8] { TLV(0xDF20, value).bytes }

    public static func parseRefreshTag(_ data: [UInt8]) throws(FormatError) -> [UInt8] {
        let object = try TLV.readOne(data, tag: 0xDF20, "refresh tag")
        guard object.value.count == 8 else { throw FormatError(.data, "refresh tag", "DF20", "8 bytes were expected, not \(object.value.count)") }
        return object.value
    }
}
