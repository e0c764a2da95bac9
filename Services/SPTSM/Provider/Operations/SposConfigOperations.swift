import TrustedServiceModel

/// SposConfigs (TR-03165 4.1.6.9)
enum SposConfigOperations {
    static let all: [ProviderOperation] = [
        .read("listSposConfigs", "/spos-configs") { catalogue, _ in .json(try catalogue.list(SposConfig.self)) },
        .write("createSposConfig", .post, "/spos-configs", .json) { catalogue, input in
            let config = try RuleChecker(rules: .sposConfig).create(input.json, assigned: [
                "id": .string(catalogue.environment.identifier()), "spId": .string(catalogue.owner),
            ]).decode(SposConfig.self)
            _ = try catalogue.find(Certificate.self, config.certificateId)
            try catalogue.insert(config)
            return .json(config)
        },
        .read("getSposConfig", "/spos-configs/{sposConfigId}") { catalogue, input in .json(try find(input, catalogue)) },
        .write("modifySposConfig", .put, "/spos-configs/{sposConfigId}", .json) { catalogue, input in
            let stored = try find(input, catalogue)
            let config = try RuleChecker(rules: .sposConfig).modify(input.json, stored: try JSONValue(encoding: stored)).decode(SposConfig.self)
            _ = try catalogue.find(Certificate.self, config.certificateId)
            try catalogue.update(config)
            for service in try services(using: config, catalogue) { catalogue.changes.serviceChanged(service.id) }
            return .json(config)
        },
        .write("deleteSposConfig", .delete, "/spos-configs/{sposConfigId}", .none) { catalogue, input in
            let config = try find(input, catalogue)
            guard try services(using: config, catalogue).isEmpty else { throw GeneralError.referenced("SposConfig", in: "Service") }
            try catalogue.delete(SposConfig.self, config.id)
            return .noContent
        },
        .read("listSposConfigRelatedServices", "/spos-configs/{sposConfigId}/services") { catalogue, input in
            .json(try services(using: try find(input, catalogue), catalogue))
        },
    ]

    private static func find(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> SposConfig {
        try catalogue.find(SposConfig.self, input["sposConfigId"])
    }

    private static func services(using config: SposConfig, _ catalogue: TenantCatalogue) throws -> [Service] {
        try catalogue.select(Service.self, where: "e.spos_config_id = ?", [config.id])
    }
}
