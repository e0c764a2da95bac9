import GlobalPlatform
import GRDB
import TrustedServiceModel

/// Versions (TR-03165 4.1.6.4.17 to 4.1.6.4.28)
enum VersionOperations {
    static let all: [ProviderOperation] = [
        .read("listVersions", "/services/{serviceId}/versions") { catalogue, input in
            let service = try catalogue.find(Service.self, input["serviceId"])
            return .json(try catalogue.select(Version.self, where: "e.service_id = ?", [service.id]))
        },
        .write("createVersion", .post, "/services/{serviceId}/versions", .json) { catalogue, input in
            .json(try create(try catalogue.find(Service.self, input["serviceId"]), input.json, catalogue))
        },
        .read("getVersion", "/services/{serviceId}/versions/{tag}") { catalogue, input in .json(try find(input, catalogue)) },
        .write("modifyVersion", .put, "/services/{serviceId}/versions/{tag}", .json) { catalogue, input in
            let stored = try find(input, catalogue)
            let changed = try RuleChecker(rules: .version).modify(input.json, stored: try JSONValue(encoding: stored)).decode(Version.self)
            return .json(try replace(by: changed, catalogue))
        },
        .write("deleteVersion", .delete, "/services/{serviceId}/versions/{tag}", .none) { catalogue, input in
            try remove(try find(input, catalogue), catalogue)
            return .noContent
        },
        .read("listLinkedFlavors", "/services/{serviceId}/versions/{tag}/flavors") { catalogue, input in
            let version = try find(input, catalogue)
            return .json(try catalogue.select(Flavor.self, where: "e.id IN (SELECT flavor_id FROM deployment WHERE version_id = ?)", [version.id]))
        },
        .write("linkFlavors", .post, "/services/{serviceId}/versions/{tag}/flavors", .json) { catalogue, input in
            var version = try find(input, catalogue)
            version.allowedDeployments.merge(try LinkBody.identifierLists(input.json)) { _, new in new }
            return .json(try replace(by: version, catalogue))
        },
        .write("unlinkFlavors", .put, "/services/{serviceId}/versions/{tag}/flavors", .json) { catalogue, input in
            var version = try find(input, catalogue)
            for id in try LinkBody.identifiers(input.json) {
                _ = try FlavorReference.find(id, of: version.serviceId, catalogue)
                version.allowedDeployments[id] = nil
            }
            return .json(try replace(by: version, catalogue))
        },
        .read("listAssociatedSecureComponentProfiles", "/services/{serviceId}/versions/{tag}/flavors/{flavorId}/secure-component-profiles") { catalogue, input in
            let version = try find(input, catalogue)
            guard let ids = version.allowedDeployments[input["flavorId"]] else { throw GeneralError.notExisting("Flavor", id: input["flavorId"]) }
            return .json(try catalogue.profiles().filter { ids.contains($0.id) })
        },
        .read("listLinkedSecureComponentProfiles", "/services/{serviceId}/versions/{tag}/secure-component-profiles") { catalogue, input in
            let ids = Set(try find(input, catalogue).allowedDeployments.values.joined())
            return .json(try catalogue.profiles().filter { ids.contains($0.id) })
        },
        .write("linkSecureComponentProfiles", .post, "/services/{serviceId}/versions/{tag}/secure-component-profiles", .json) { catalogue, input in
            var version = try find(input, catalogue)
            // A profile has one Flavor at most, so one that is linked already moves.
            for (profile, flavor) in try LinkBody.identifierMap(input.json).sorted(by: { $0.key < $1.key }) where version.allowedDeployments[flavor]?.contains(profile) != true {
                for key in version.allowedDeployments.keys { version.allowedDeployments[key]?.removeAll { $0 == profile } }
                version.allowedDeployments[flavor, default: []].append(profile)
            }
            return .json(try replace(by: version, catalogue))
        },
        .write("unlinkSecureComponentProfiles", .put, "/services/{serviceId}/versions/{tag}/secure-component-profiles", .json) { catalogue, input in
            var version = try find(input, catalogue)
            for id in try LinkBody.identifiers(input.json) {
                _ = try catalogue.profile(id)
                for key in version.allowedDeployments.keys { version.allowedDeployments[key]?.removeAll { $0 == id } }
            }
            return .json(try replace(by: version, catalogue))
        },
    ]

    /// The path's Version; its Service first.
    private static func find(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> Version {
        let service = try catalogue.find(Service.self, input["serviceId"])
        let tag = input["tag"]
        do {
            return try catalogue.find(Version.self, Version.key(service: service.id, tag: tag))
        } catch let error as GeneralError where error.category == .notExisting {
            // The row's key is ours, the tag is the caller's.
            throw GeneralError.notExisting("Version", id: tag)
        }
    }

    static func remove(_ version: Version, _ catalogue: TenantCatalogue) throws {
        try VersionLinks.remove(version.id, catalogue.db)
        try catalogue.delete(Version.self, version.id)
        catalogue.changes.serviceChanged(version.serviceId)
    }

    private static func create(_ service: Service, _ body: JSONValue, _ catalogue: TenantCatalogue) throws -> Version {
        let version = try RuleChecker(rules: .version).create(body, assigned: ["serviceId": .string(service.id)]).decode(Version.self)
        try check(version, catalogue)
        // 1.0.0 and 1.00.0 are the same version in different spellings: ordering could not tell them apart.
        let existing = try catalogue.select(Version.self, where: "e.service_id = ?", [service.id])
        if let number = try? VersionNumber(version.tag), existing.contains(where: { (try? VersionNumber($0.tag)) == number }) {
            throw GeneralError.invalidRequest("a Version with tag \(version.tag) already exists in this Service")
        }
        try catalogue.insert(version)
        try VersionLinks.store(version, catalogue.db)
        catalogue.changes.serviceChanged(service.id)
        return version
    }

    private static func replace(by version: Version, _ catalogue: TenantCatalogue) throws -> Version {
        try check(version, catalogue)
        try catalogue.update(version)
        try VersionLinks.store(version, catalogue.db)
        catalogue.changes.serviceChanged(version.serviceId)
        return version
    }

    /// TR-03165 4.1.4.3: a profile once, Flavors of the same Service, profiles that exist and offer what is needed.
    private static func check(_ version: Version, _ catalogue: TenantCatalogue) throws {
        try CrossAttributeRules.profilesOccurOnce(version.allowedDeployments)
        let deployments = version.allowedDeployments.sorted { $0.key < $1.key }
        var flavors: [(flavor: Flavor, profiles: [String])] = []
        for (id, profiles) in deployments {
            flavors.append((try FlavorReference.find(id, of: version.serviceId, catalogue), profiles))
            for profile in profiles { _ = try catalogue.profile(profile) }
        }
        for entry in flavors { try FlavorChecks.checkConstraints(entry.flavor, on: entry.profiles, catalogue) }
    }
}

/// The rows by which Versions are found from Flavors and profiles.
enum VersionLinks {
    static func store(_ version: Version, _ db: Database) throws {
        try remove(version.id, db)
        for (flavor, profiles) in version.allowedDeployments {
            for profile in profiles.isEmpty ? [""] : profiles {
                try db.execute(sql: "INSERT INTO deployment VALUES (?, ?, ?)", arguments: [version.id, flavor, profile])
            }
        }
    }

    static func remove(_ versionId: String, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM deployment WHERE version_id = ?", arguments: [versionId])
    }

    /// Takes a profile out of all Versions, whoever's they are: the operator removes it.
    /// - Returns: the Services concerned.
    static func removeProfile(_ id: String, _ db: Database) throws -> [String] {
        let documents = try String.fetchAll(db, sql: "SELECT document FROM version WHERE id IN (SELECT version_id FROM deployment WHERE scp_id = ?)", arguments: [id])
        return try documents.map { document in
            var version: Version = try StoredDocument.decode(document)
            for flavor in version.allowedDeployments.keys { version.allowedDeployments[flavor]?.removeAll { $0 == id } }
            try db.execute(sql: "UPDATE version SET document = ? WHERE id = ?", arguments: [try StoredDocument.encode(version), version.id])
            try store(version, db)
            return version.serviceId
        }.withoutRepetitions
    }
}

/// A Flavor named in a body: of the same Service, or it does not exist.
enum FlavorReference {
    static func find(_ id: String, of service: String, _ catalogue: TenantCatalogue) throws -> Flavor {
        let flavor = try catalogue.find(Flavor.self, id)
        guard flavor.serviceId == service else { throw GeneralError.notExisting("Flavor", id: id) }
        return flavor
    }
}
