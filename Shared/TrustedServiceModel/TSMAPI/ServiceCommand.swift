/// One command of deployService or updateService (TR-03165 4.2.3.3–4.2.3.5).
public enum ServiceCommand: Codable, Sendable, Hashable {
    /// Load and instantiate; `installationData` is handed to the applications' install parameters by name.
    case install(installationData: [String: String])
    /// Personalize; `personalizationData` fills the placeholders of the PersonalizationScripts.
    case personalize(personalizationData: [String: String])
    /// Make selectable; `suspensionControl` true leaves the instance suspended once the deployment is complete.
    case activate(suspensionControl: Bool)

    public enum Kind: String, Codable, Sendable, CaseIterable { case install, personalize, activate }

    public var kind: Kind {
        switch self {
        case .install: .install
        case .personalize: .personalize
        case .activate: .activate
        }
    }

    private enum CodingKeys: String, CodingKey { case type, installationData, personalizationData, suspensionControl }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(Kind.self, forKey: .type) {
        case .install:
            self = .install(installationData: try container.decodeIfPresent([String: String].self, forKey: .installationData) ?? [:])
        case .personalize:
            self = .personalize(personalizationData: try container.decodeIfPresent([String: String].self, forKey: .personalizationData) ?? [:])
        case .activate:
            self = .activate(suspensionControl: try container.decode(Bool.self, forKey: .suspensionControl))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .type)
        switch self {
        case .install(let data): try container.encode(data, forKey: .installationData)
        case .personalize(let data): try container.encode(data, forKey: .personalizationData)
        case .activate(let suspend): try container.encode(suspend, forKey: .suspensionControl)
        }
    }
}
