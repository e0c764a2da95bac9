import TrustedServiceModel

/// Services (TR-03165 4.1.6.4.1 to 4.1.6.4.5)
enum ServiceOperations {
    static let all: [ProviderOperation] = [
        .read("listServices", "/services") { catalogue, _ in .json(try catalogue.list(Service.self)) },
        .write("createService", .post, "/services", .json) { catalogue, input in .json(try create(input.json, catalogue)) },
        .read("getService", "/services/{serviceId}") { catalogue, input in .json(try catalogue.find(Service.self, input["serviceId"])) },
        .write("modifyService", .put, "/services/{serviceId}", .json) { catalogue, input in
            .json(try modify(input["serviceId"], input.json, catalogue))
        },
        .write("deleteService", .delete, "/services/{serviceId}", .none) { catalogue, input in
            try delete(input["serviceId"], catalogue)
            return .noContent
        },
    ]

    private static func create(_ body: JSONValue, _ catalogue: TenantCatalogue) throws -> Service {
        // Nothing is assigned before the body is known to be good: the placeholder never leaves this function.
        let draft = try RuleChecker(rules: .service).create(body, assigned: [
            "id": .string(catalogue.environment.identifier()), "spId": .string(catalogue.owner),
            "creationDate": .string(catalogue.environment.timestamp()), "sdAid": .string(""),
        ])
        var service = try draft.decode(Service.self)
        try checkReferences(service, catalogue)
        service.sdAid = try ServiceProviderTable.nextSecurityDomain(of: catalogue.owner, catalogue.db).description
        try catalogue.insert(service)
        catalogue.changes.serviceChanged(service.id)
        return service
    }

    private static func modify(_ id: String, _ body: JSONValue, _ catalogue: TenantCatalogue) throws -> Service {
        let stored = try catalogue.find(Service.self, id)
        let service = try RuleChecker(rules: .service).modify(body, stored: try JSONValue(encoding: stored)).decode(Service.self)
        try checkReferences(service, catalogue)
        try catalogue.update(service)
        catalogue.changes.serviceChanged(id)
        return service
    }

    /// Versions and Flavors go with it, published ones too; load files and configurations stay (TR-03165 4.1.6.4.5).
    private static func delete(_ id: String, _ catalogue: TenantCatalogue) throws {
        let service = try catalogue.find(Service.self, id)
        for version in try catalogue.select(Version.self, where: "e.service_id = ?", [service.id]) { try VersionOperations.remove(version, catalogue) }
        for flavor in try catalogue.select(Flavor.self, where: "e.service_id = ?", [service.id]) { try FlavorOperations.remove(flavor, catalogue) }
        try catalogue.delete(Service.self, service.id)
        catalogue.changes.serviceDeleted(service.id)
    }

    private static func checkReferences(_ service: Service, _ catalogue: TenantCatalogue) throws {
        if !service.sposConfigId.isEmpty { _ = try catalogue.find(SposConfig.self, service.sposConfigId) }
    }
}
