import GlobalPlatform

/// Operations on the wire: an object with one member, named for the operation, that holds its parameters.
extension SEI.Operation {
    private enum Name: String, CodingKey, CaseIterable {
        case createSecurityDomain, putFirstKeys, deleteSecurityDomain, addAccessRules, removeAccessRules, status
    }

    private struct Creation: Codable {
        var aid: AID
        var quotas: SEI.Quotas
        var transportKeyIndex: String
        var keyVersionNumber: UInt8
        var deviceAppIds: [HexBytes]
    }

    private struct Target: Codable { var aid: AID }
    private struct Rules: Codable { var rules: [SEI.AccessRule] }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: Name.self)
        guard keys.allKeys.count == 1, let name = keys.allKeys.first else {
            let names = Name.allCases.map(\.rawValue).joined(separator: ", ")
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "an operation has exactly one member of \(names)"))
        }
        switch name {
        case .createSecurityDomain:
            let creation = try keys.decode(Creation.self, forKey: name)
            self = .createSecurityDomain(aid: creation.aid, quotas: creation.quotas, transportKeyIndex: creation.transportKeyIndex,
                                         keyVersionNumber: creation.keyVersionNumber, deviceAppIds: creation.deviceAppIds)
        case .putFirstKeys: self = .putFirstKeys(aid: try keys.decode(Target.self, forKey: name).aid)
        case .deleteSecurityDomain: self = .deleteSecurityDomain(aid: try keys.decode(Target.self, forKey: name).aid)
        case .addAccessRules: self = .addAccessRules(try keys.decode(Rules.self, forKey: name).rules)
        case .removeAccessRules: self = .removeAccessRules(try keys.decode(Rules.self, forKey: name).rules)
        case .status: self = .status(aid: try keys.decode(Target.self, forKey: name).aid)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: Name.self)
        switch self {
        case .createSecurityDomain(let aid, let quotas, let transportKeyIndex, let keyVersionNumber, let deviceAppIds):
            try keys.encode(Creation(aid: aid, quotas: quotas, transportKeyIndex: transportKeyIndex, keyVersionNumber: keyVersionNumber, deviceAppIds: deviceAppIds),
                            forKey: .createSecurityDomain)
        case .putFirstKeys(let aid): try keys.encode(Target(aid: aid), forKey: .putFirstKeys)
        case .deleteSecurityDomain(let aid): try keys.encode(Target(aid: aid), forKey: .deleteSecurityDomain)
        case .addAccessRules(let rules): try keys.encode(Rules(rules: rules), forKey: .addAccessRules)
        case .removeAccessRules(let rules): try keys.encode(Rules(rules: rules), forKey: .removeAccessRules)
        case .status(let aid): try keys.encode(Target(aid: aid), forKey: .status)
        }
    }
}
