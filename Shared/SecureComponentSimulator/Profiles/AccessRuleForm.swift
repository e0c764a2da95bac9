import GlobalPlatform

/// An access rule in a profile: in words, or as E2 … where it holds more than words can say.
struct AccessRuleForm: Codable {
    private enum Member: String, CodingKey, CaseIterable { case target, deviceApp, apdu, nfcEvents, encoded }

    /// E2 ….
    let encoded: HexBytes

    init(encoded: HexBytes) {
        self.encoded = encoded
    }

    init(from decoder: any Decoder) throws {
        let object = try StrictObject.container(decoder, Member.self)
        if object.contains(.encoded) {
            guard object.allKeys.count == 1 else {
                throw DecodingError.dataCorruptedError(forKey: .encoded, in: object, debugDescription: "a rule is written in words or encoded, not both")
            }
            encoded = try object.decode(HexBytes.self, forKey: .encoded)
            return
        }
        let rule = AccessRule(
            target: try Self.target(object), deviceApplication: try Self.deviceApplication(object), apdu: try Self.apduAccess(object),
            nfcEvents: try object.decodeIfPresent(Bool.self, forKey: .nfcEvents))
        encoded = HexBytes(rule.encoded.bytes)
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Member.self)
        guard let rule = try? AccessRuleStore.parse(encoded), rule.otherReferences.isEmpty, rule.otherPermissions.isEmpty, let apdu = rule.apdu else {
            try object.encode(encoded, forKey: .encoded)
            return
        }
        let target = switch rule.target {
        case .any: "any"
        case .implicitlySelected: "implicit"
        case .aid(let bytes): Hex.encode(bytes)
        }
        try object.encode(target, forKey: .target)
        let app = if case .hash(let hash) = rule.deviceApplication { Hex.encode(hash) } else { "any" }
        try object.encode(app, forKey: .deviceApp)
        switch apdu {
        case .always: try object.encode("always", forKey: .apdu)
        case .never: try object.encode("never", forKey: .apdu)
        case .filters(let filters): try object.encode(filters.map { HexBytes($0.header + $0.mask) }, forKey: .apdu)
        }
        try object.encodeIfPresent(rule.nfcEvents, forKey: .nfcEvents)
    }

    private static func target(_ object: KeyedDecodingContainer<Member>) throws -> AccessRule.Target {
        let text = try object.decode(String.self, forKey: .target)
        switch text {
        case "any": return .any
        case "implicit": return .implicitlySelected
        default:
            guard let bytes = try? Hex.decode(text), (1...16).contains(bytes.count) else {
                throw DecodingError.dataCorruptedError(forKey: .target, in: object, debugDescription: "a target is 'any', 'implicit', or an AID or its beginning in hexadecimal")
            }
            return .aid(bytes)
        }
    }

    private static func deviceApplication(_ object: KeyedDecodingContainer<Member>) throws -> AccessRule.DeviceApplication {
        let text = try object.decode(String.self, forKey: .deviceApp)
        if text == "any" { return .any }
        guard let bytes = try? Hex.decode(text), [20, 32].contains(bytes.count) else {
            throw DecodingError.dataCorruptedError(forKey: .deviceApp, in: object, debugDescription: "a device app is 'any' or a DeviceAppID of 20 or 32 bytes in hexadecimal")
        }
        return .hash(bytes)
    }

    private static func apduAccess(_ object: KeyedDecodingContainer<Member>) throws -> AccessRule.APDUAccess {
        if let filters = try? object.decode([HexBytes].self, forKey: .apdu) {
            guard !filters.isEmpty, filters.allSatisfy({ $0.bytes.count == 8 }) else {
                throw DecodingError.dataCorruptedError(forKey: .apdu, in: object, debugDescription: "a filter has 8 bytes: header and mask")
            }
            return .filters(try filters.map { try APDUFilter(header: Array($0.bytes.prefix(4)), mask: Array($0.bytes.suffix(4))) })
        }
        switch try object.decode(String.self, forKey: .apdu) {
        case "always": return .always
        case "never": return .never
        default: throw DecodingError.dataCorruptedError(forKey: .apdu, in: object, debugDescription: "'always', 'never' or a list of filters was expected")
        }
    }
}
