import TrustedServiceModel

/// The tables of TR-03165 4.1.4 for what comes in JSON bodies, one line per attribute. The others are in `EntityRules+Assigned.swift`.
extension EntityRules {
    private static let id = AttributeRule("id", .assigned, .no, .reference)
    private static let owner = AttributeRule("spId", .assigned, .no, .reference)
    private static let created = AttributeRule("creationDate", .assigned, .no, .text(40))
    private static let parameters = AttributeFormat.map(.text(255))

    static let service = EntityRules("Service", [
        id, owner,
        AttributeRule("name", .mandatory, .yes, .text(255)),
        created,
        AttributeRule("sdAid", .assigned, .no, .aid),
        AttributeRule("accessAuthorizedDeviceApps", .optional, .yes, .list(.hash(64)), default: .array([])),
        AttributeRule("sposConfigId", .optional, .yes, .reference, default: .string("")),
        AttributeRule("spParameters", .optional, .yes, parameters, default: .object([:])),
    ])

    static let version = EntityRules("Version", [
        AttributeRule("tag", .mandatory, .no, .versionTag),
        AttributeRule("serviceId", .assigned, .no, .reference),
        // "Mandatory" forbids null; an empty map must be possible, since unlinking every Flavor leaves one.
        AttributeRule("allowedDeployments", .mandatory, .yes, .map(.list(.reference)), mayBeEmpty: true),
    ])

    static let flavor = EntityRules("Flavor", [
        id,
        AttributeRule("serviceId", .assigned, .no, .reference),
        AttributeRule("name", .optional, .yes, .text(255), default: .string("")),
        AttributeRule("description", .optional, .yes, .text(255), default: .string("")),
        created,
        AttributeRule("published", .assigned, .no, .boolean, default: .boolean(false)),
        AttributeRule("executableLoadFileIds", .optional, .untilPublished, .list(.reference), default: .array([])),
        AttributeRule("applicationInstantiationConfigs", .optional, .untilPublished, .list(.object(applicationInstantiationConfig)), default: .array([])),
        AttributeRule("spParameters", .optional, .yes, parameters, default: .object([:])),
        AttributeRule("featureConfig", .optional, .yes, .object(featureConfig), default: defaults(of: featureConfig)),
        AttributeRule("contextSpecificAttributes", .optional, .yes, parameters, default: .object([:])),
    ])

    static let featureConfig = EntityRules("FeatureConfig", [
        AttributeRule("useCspFull", .optional, .yes, .boolean, default: .boolean(false)),
        AttributeRule("genericOptions", .optional, .yes, .map(.boolean), default: .object([:])),
        AttributeRule("keyProvisioningMode", .conditional, .yes, .integer(0...3), default: .integer(0)),
        AttributeRule("keyIndex", .conditional, .yes, .text(255), default: .string("")),
    ])

    static let applicationInstantiationConfig = EntityRules("ApplicationInstantiationConfig", [
        AttributeRule("priority", .assigned, .untilPublished, .integer(1...255), default: .integer(255), clientMaySet: true),
        AttributeRule("executableModuleId", .mandatory, .untilPublished, .reference),
        AttributeRule("applicationConfigId", .mandatory, .untilPublished, .reference),
    ])

    static let applicationConfig = EntityRules("ApplicationConfig", [
        id, owner,
        AttributeRule("instanceAid", .mandatory, .untilPublished, .aid),
        AttributeRule("name", .optional, .yes, .text(255), default: .string("")),
        AttributeRule("description", .optional, .yes, .text(255), default: .string("")),
        AttributeRule("installConfig", .optional, .untilPublished, .object(installConfig), default: defaults(of: installConfig)),
        AttributeRule("activationConfig", .optional, .untilPublished, .object(activationConfig), default: defaults(of: activationConfig)),
        AttributeRule("personalizationConfig", .optional, .untilPublished, .object(personalizationConfig), default: defaults(of: personalizationConfig)),
    ])

    static let installConfig = EntityRules("InstallConfig", [
        AttributeRule("applicationSpecificInstallParameter", .optional, .untilPublished, .tlv(255), default: .string("")),
        AttributeRule("privileges", .optional, .untilPublished, .list(.oneOf(ApplicationPrivilege.allCases.map(\.rawValue))), default: .array([])),
    ])

    static let activationConfig = EntityRules("ActivationConfig", [
        AttributeRule("makeSelectable", .optional, .untilPublished, .boolean, default: .boolean(true)),
        AttributeRule("accessibleViaApdu", .optional, .untilPublished, .boolean, default: .boolean(false)),
        AttributeRule("accessibleViaNfc", .optional, .untilPublished, .boolean, default: .boolean(false)),
    ])

    static let personalizationConfig = EntityRules("PersonalizationConfig", [
        AttributeRule("personalizationScriptId", .optional, .untilPublished, .reference, default: .string("")),
        AttributeRule("certificateId", .optional, .yes, .reference, default: .string("")),
        AttributeRule("provideAttestationToken", .optional, .untilPublished, .boolean, default: .boolean(false)),
        AttributeRule("includeSecurityDomainDiversificationData", .optional, .untilPublished, .boolean, default: .boolean(false)),
    ])

    static let sposConfig = EntityRules("SposConfig", [
        id, owner,
        AttributeRule("url", .mandatory, .yes, .uri(500)),
        AttributeRule("certificateId", .mandatory, .yes, .reference),
    ])

    /// Those that come as JSON bodies or within them.
    static let bodies = [service, version, flavor, featureConfig, applicationInstantiationConfig, applicationConfig, installConfig, activationConfig,
                         personalizationConfig, sposConfig]

    private static func defaults(of rules: EntityRules) -> JSONValue {
        .object(Dictionary(uniqueKeysWithValues: rules.attributes.map { ($0.name, $0.defaultValue) }))
    }
}
