import TrustedServiceModel

/// Flavors (TR-03165 4.1.6.4.6 to 4.1.6.4.16)
enum FlavorOperations {
    static let all: [ProviderOperation] = [
        .read("listFlavors", "/services/{serviceId}/flavors") { catalogue, input in
            let service = try catalogue.find(Service.self, input["serviceId"])
            return .json(try catalogue.select(Flavor.self, where: "e.service_id = ?", [service.id]))
        },
        .write("createFlavor", .post, "/services/{serviceId}/flavors", .json) { catalogue, input in
            .json(try create(try catalogue.find(Service.self, input["serviceId"]), input.json, catalogue))
        },
        .read("getFlavor", "/services/{serviceId}/flavors/{flavorId}") { catalogue, input in .json(try find(input, catalogue)) },
        .write("modifyFlavor", .put, "/services/{serviceId}/flavors/{flavorId}", .json) { catalogue, input in
            let stored = try find(input, catalogue)
            let changed = try RuleChecker(rules: .flavor).modify(input.json, stored: try JSONValue(encoding: stored)).decode(Flavor.self)
            return .json(try replace(stored, by: changed, catalogue))
        },
        .write("deleteFlavor", .delete, "/services/{serviceId}/flavors/{flavorId}", .none) { catalogue, input in
            let flavor = try find(input, catalogue)
            if try catalogue.exists(Version.self, where: "e.id IN (SELECT version_id FROM deployment WHERE flavor_id = ?)", [flavor.id]) {
                throw GeneralError.referenced("Flavor", in: "Version")
            }
            try remove(flavor, catalogue)
            return .noContent
        },
        .write("publishFlavor", .post, "/services/{serviceId}/flavors/{flavorId}/publish", .none) { catalogue, input in
            .json(try publish(try find(input, catalogue), catalogue))
        },
        .read("listServiceRelatedAppConfigs", "/services/{serviceId}/flavors/{flavorId}/application-configs") { catalogue, input in
            let flavor = try find(input, catalogue)
            return .json(try catalogue.select(ApplicationConfig.self, where: "e.id IN (SELECT application_config_id FROM instantiation WHERE flavor_id = ?)", [flavor.id]))
        },
        .read("listLinkedElfs", "/services/{serviceId}/flavors/{flavorId}/executable-load-files") { catalogue, input in
            let flavor = try find(input, catalogue)
            return .json(try catalogue.select(CAP.self, where: "e.id IN (SELECT elf_id FROM flavor_load_file WHERE flavor_id = ?)", [flavor.id]))
        },
        .write("linkElfs", .post, "/services/{serviceId}/flavors/{flavorId}/executable-load-files", .json) { catalogue, input in
            let stored = try find(input, catalogue)
            var changed = stored
            let ids = try LinkBody.identifiers(input.json)
            changed.executableLoadFileIds += ids.filter { !stored.executableLoadFileIds.contains($0) }
            return .json(try replace(stored, by: changed, catalogue))
        },
        .write("unlinkElfs", .put, "/services/{serviceId}/flavors/{flavorId}/executable-load-files", .json) { catalogue, input in
            let stored = try find(input, catalogue)
            var changed = stored
            let ids = try LinkBody.identifiers(input.json)
            for id in ids { _ = try catalogue.find(CAP.self, id) }
            changed.executableLoadFileIds.removeAll { ids.contains($0) }
            return .json(try replace(stored, by: changed, catalogue))
        },
        .read("listServiceRelatedVersions", "/services/{serviceId}/flavors/{flavorId}/versions") { catalogue, input in
            let flavor = try find(input, catalogue)
            return .json(try catalogue.select(Version.self, where: "e.id IN (SELECT version_id FROM deployment WHERE flavor_id = ?)", [flavor.id]))
        },
    ]

    /// The path's Flavor; its Service first.
    static func find(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> Flavor {
        let service = try catalogue.find(Service.self, input["serviceId"])
        let flavor = try catalogue.find(Flavor.self, input["flavorId"])
        guard flavor.serviceId == service.id else { throw GeneralError.notExisting("Flavor", id: input["flavorId"]) }
        return flavor
    }

    /// Without the check of references: for deleteFlavor after it, and for a Service's deletion.
    static func remove(_ flavor: Flavor, _ catalogue: TenantCatalogue) throws {
        try FlavorLinks.remove(flavor.id, catalogue.db)
        try catalogue.delete(Flavor.self, flavor.id)
        catalogue.changes.flavorDeleted(flavor.id, of: flavor.serviceId)
    }

    private static func create(_ service: Service, _ body: JSONValue, _ catalogue: TenantCatalogue) throws -> Flavor {
        let draft = try RuleChecker(rules: .flavor).create(body, assigned: [
            "id": .string(catalogue.environment.identifier()), "serviceId": .string(service.id),
            "creationDate": .string(catalogue.environment.timestamp()), "published": .boolean(false),
        ])
        var flavor = try draft.decode(Flavor.self)
        flavor.executableLoadFileIds = flavor.executableLoadFileIds.withoutRepetitions
        try FlavorChecks.check(flavor, replacing: nil, catalogue)
        try catalogue.insert(flavor)
        try FlavorLinks.store(flavor, catalogue.db)
        catalogue.changes.serviceChanged(service.id)
        return flavor
    }

    private static func replace(_ stored: Flavor, by changed: Flavor, _ catalogue: TenantCatalogue) throws -> Flavor {
        var flavor = changed
        flavor.executableLoadFileIds = flavor.executableLoadFileIds.withoutRepetitions
        try FlavorChecks.check(flavor, replacing: stored, catalogue)
        try catalogue.update(flavor)
        try FlavorLinks.store(flavor, catalogue.db)
        catalogue.changes.serviceChanged(flavor.serviceId)
        return flavor
    }

    /// Cannot be undone; again is no error (TR-03165 4.1.6.4.15).
    private static func publish(_ stored: Flavor, _ catalogue: TenantCatalogue) throws -> Flavor {
        guard !stored.published else { return stored }
        var flavor = stored
        flavor.published = true
        try catalogue.update(flavor)
        try LoadFileStore.keepForEver(of: flavor.id, catalogue.db)
        catalogue.changes.serviceChanged(flavor.serviceId)
        return flavor
    }
}

extension Array where Element: Hashable {
    var withoutRepetitions: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
