import GRDB
import TrustedServiceModel

/// What a Flavor must fulfil beyond its table, in the order of precedence.
enum FlavorChecks {
    static func check(_ flavor: Flavor, replacing stored: Flavor?, _ catalogue: TenantCatalogue) throws {
        try CrossAttributeRules.keyIndexGoesWithTheMode(flavor.featureConfig)
        try checkReferences(flavor, replacing: stored, catalogue)
        try checkPersonalization(flavor, catalogue)
        guard let stored else { return }
        try CrossAttributeRules.contentIsFixedOncePublished(flavor, stored: stored)
        try checkConstraints(flavor, catalogue)
    }

    /// What was referenced before may have gone meanwhile (a module of an unlinked load file); only what is new must exist.
    private static func checkReferences(_ flavor: Flavor, replacing stored: Flavor?, _ catalogue: TenantCatalogue) throws {
        for id in flavor.executableLoadFileIds where stored?.executableLoadFileIds.contains(id) != true { _ = try catalogue.find(CAP.self, id) }
        for config in flavor.applicationInstantiationConfigs where stored?.applicationInstantiationConfigs.contains(config) != true {
            _ = try catalogue.find(ExecutableModule.self, config.executableModuleId)
            _ = try catalogue.find(ApplicationConfig.self, config.applicationConfigId)
        }
    }

    private static func checkPersonalization(_ flavor: Flavor, _ catalogue: TenantCatalogue) throws {
        for id in flavor.applicationInstantiationConfigs.map(\.applicationConfigId).withoutRepetitions {
            let config = try catalogue.find(ApplicationConfig.self, id)
            let attribute = "featureConfig.keyProvisioningMode"
            try CrossAttributeRules.tokenNeedsProvisionedKeys(config.personalizationConfig, flavor.featureConfig, changing: attribute)
            try CrossAttributeRules.diversificationDataNeedsDerivedKeys(config.personalizationConfig, flavor.featureConfig, changing: attribute)
        }
    }

    /// Against every profile on which some Version deploys the Flavor.
    static func checkConstraints(_ flavor: Flavor, _ catalogue: TenantCatalogue) throws {
        let ids = try String.fetchAll(catalogue.db, sql: "SELECT DISTINCT scp_id FROM deployment WHERE flavor_id = ? AND scp_id <> ''", arguments: [flavor.id])
        try checkConstraints(flavor, on: ids, catalogue)
    }

    static func checkConstraints(_ flavor: Flavor, on profiles: [String], _ catalogue: TenantCatalogue) throws {
        guard !profiles.isEmpty else { return }
        let elfs = try flavor.executableLoadFileIds.map { try catalogue.find(CAP.self, $0) }
        for id in profiles { try TechnicalConstraints.check(elfs.map(\.technicalRequirements), flavor.featureConfig, on: try catalogue.profile(id)) }
        try PackageImports.check(try elfs.map { try PackageImports.file(of: $0, catalogue.db) }, try catalogue.tenancy())
    }
}

/// The rows by which Flavors are found from load files, modules and configurations.
enum FlavorLinks {
    static func store(_ flavor: Flavor, _ db: Database) throws {
        try remove(flavor.id, db)
        for id in flavor.executableLoadFileIds { try db.execute(sql: "INSERT INTO flavor_load_file VALUES (?, ?)", arguments: [flavor.id, id]) }
        for (position, config) in flavor.applicationInstantiationConfigs.enumerated() {
            try db.execute(sql: "INSERT INTO instantiation VALUES (?, ?, ?, ?)",
                           arguments: [flavor.id, position, config.executableModuleId, config.applicationConfigId])
        }
    }

    static func remove(_ flavorId: String, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM flavor_load_file WHERE flavor_id = ?", arguments: [flavorId])
        try db.execute(sql: "DELETE FROM instantiation WHERE flavor_id = ?", arguments: [flavorId])
    }
}
