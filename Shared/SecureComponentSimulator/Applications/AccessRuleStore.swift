import GlobalPlatform

/// The content of the Access Rule Application Master (GPD_SPE_013).
struct AccessRuleStore: Codable, Hashable, Sendable {
    /// E2 … each.
    var rules: [HexBytes]
    /// 8 bytes, others after every change.
    var refreshTag: HexBytes

    var size: Int { rules.reduce(8) { $0 + $1.bytes.count } }

    /// The application's own load file, in ROM.
    static let loadFile: AID = (try? AID([0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C])) ?? .accessRuleApplicationMaster

    func parsed() throws(Refusal) -> [AccessRule] {
        var result: [AccessRule] = []
        for rule in rules { result.append(try AccessRuleStore.parse(rule)) }
        return result
    }

    static func parse(_ rule: HexBytes) throws(Refusal) -> AccessRule {
        let object: TLV
        do { object = try TLV.parse(rule.bytes) } catch { throw Refusal(.memoryFailure, error.description) }
        return try Refusal.reading { () throws(FormatError) in try AccessRule(parsing: object) }
    }
}
