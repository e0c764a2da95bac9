import GlobalPlatform
import TrustedServiceModel

/// ApplicationConfigs (TR-03165 4.1.6.6)
enum ApplicationConfigOperations {
    static let all: [ProviderOperation] = [
        .read("listAppConfigs", "/application-configs") { catalogue, _ in .json(try catalogue.list(ApplicationConfig.self)) },
        .write("createAppConfig", .post, "/application-configs", .json) { catalogue, input in .json(try create(input.json, catalogue)) },
        .read("getAppConfig", "/application-configs/{applicationConfigId}") { catalogue, input in .json(try find(input, catalogue)) },
        .write("modifyAppConfig", .put, "/application-configs/{applicationConfigId}", .json) { catalogue, input in
            .json(try modify(try find(input, catalogue), input.json, catalogue))
        },
        .write("deleteAppConfig", .delete, "/application-configs/{applicationConfigId}", .none) { catalogue, input in
            let config = try find(input, catalogue)
            guard try flavors(using: config, catalogue).isEmpty else { throw GeneralError.referenced("ApplicationConfig", in: "Flavor") }
            try catalogue.delete(ApplicationConfig.self, config.id)
            return .noContent
        },
        // The overview (4.1.2) misspells this path.
        .read("listAppConfigRelatedEms", "/application-configs/{applicationConfigId}/executable-modules",
              "/application-configs/{applicationConfigId}/exectable-modules") { catalogue, input in
            let config = try find(input, catalogue)
            return .json(try catalogue.select(ExecutableModule.self, where: "e.id IN (SELECT em_id FROM instantiation WHERE application_config_id = ?)", [config.id]))
        },
        .read("listAppConfigRelatedFlavors", "/application-configs/{applicationConfigId}/flavors") { catalogue, input in
            .json(try flavors(using: try find(input, catalogue), catalogue))
        },
        .read("listAppConfigRelatedServices", "/application-configs/{applicationConfigId}/services") { catalogue, input in
            let config = try find(input, catalogue)
            return .json(try catalogue.select(Service.self, where: """
                e.id IN (SELECT f.service_id FROM flavor f JOIN instantiation i ON i.flavor_id = f.id WHERE i.application_config_id = ?)
                """, [config.id]))
        },
    ]

    private static func find(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> ApplicationConfig {
        try catalogue.find(ApplicationConfig.self, input["applicationConfigId"])
    }

    private static func flavors(using config: ApplicationConfig, _ catalogue: TenantCatalogue) throws -> [Flavor] {
        try catalogue.select(Flavor.self, where: "e.id IN (SELECT flavor_id FROM instantiation WHERE application_config_id = ?)", [config.id])
    }

    private static func create(_ body: JSONValue, _ catalogue: TenantCatalogue) throws -> ApplicationConfig {
        let draft = try RuleChecker(rules: .applicationConfig).create(body, assigned: [
            "id": .string(catalogue.environment.identifier()), "spId": .string(catalogue.owner),
        ])
        let config = try draft.decode(ApplicationConfig.self)
        try check(config, catalogue)
        try catalogue.insert(config)
        return config
    }

    private static func modify(_ stored: ApplicationConfig, _ body: JSONValue, _ catalogue: TenantCatalogue) throws -> ApplicationConfig {
        let config = try RuleChecker(rules: .applicationConfig).modify(body, stored: try JSONValue(encoding: stored)).decode(ApplicationConfig.self)
        try check(config, catalogue)
        let flavors = try flavors(using: stored, catalogue)
        for flavor in flavors {
            try CrossAttributeRules.tokenNeedsProvisionedKeys(config.personalizationConfig, flavor.featureConfig, changing: "personalizationConfig.provideAttestationToken")
            try CrossAttributeRules.diversificationDataNeedsDerivedKeys(config.personalizationConfig, flavor.featureConfig,
                                                                        changing: "personalizationConfig.includeSecurityDomainDiversificationData")
        }
        try CrossAttributeRules.configIsFixedOncePublished(config, stored: stored, usedBy: flavors)
        try catalogue.update(config)
        for flavor in flavors { catalogue.changes.serviceChanged(flavor.serviceId) }
        return config
    }

    /// What the table cannot say; formats before references.
    private static func check(_ config: ApplicationConfig, _ catalogue: TenantCatalogue) throws {
        guard let aid = try? AID(hex: config.instanceAid) else {
            throw GeneralError.invalidFormat(config.instanceAid, for: "instanceAid", supported: "an AID of 5 to 16 bytes in hexadecimal")
        }
        try catalogue.claim(aid, attribute: "instanceAid")
        try CrossAttributeRules.accessNeedsSelectability(config.activationConfig)
        try CrossAttributeRules.diversificationDataNeedsToken(config.personalizationConfig)
        let personalization = config.personalizationConfig
        if !personalization.personalizationScriptId.isEmpty { _ = try catalogue.find(PersonalizationScript.self, personalization.personalizationScriptId) }
        if !personalization.certificateId.isEmpty { _ = try catalogue.find(Certificate.self, personalization.certificateId) }
    }
}
