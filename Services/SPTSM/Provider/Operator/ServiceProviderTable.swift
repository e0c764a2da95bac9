import GlobalPlatform
import GRDB
import TrustedServiceModel

/// Rows of service providers and of what the operator gave them.
enum ServiceProviderTable {
    static func insert(_ new: OperatorAPI.NewServiceProvider, id: String, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO service_provider (id, name, client_certificate_sha256) VALUES (?, ?, ?)",
                       arguments: [id, new.name, new.clientCertificateSHA256?.lowercased()])
        for prefix in new.aidPrefixes { try insertPrefix(prefix, of: id, db) }
        for app in new.deviceApps ?? [] { try insertDeviceApp(app, of: id, db) }
        for key in new.keyIndexes ?? [] { try insertKeyIndex(key, of: id, db) }
    }

    static func rename(_ id: String, _ name: String, _ db: Database) throws {
        try db.execute(sql: "UPDATE service_provider SET name = ? WHERE id = ?", arguments: [name, id])
    }

    static let schema = """
        -- Prefixes whose AIDs may still be on cards: for nobody any more.
        CREATE TABLE retired_aid_prefix (prefix TEXT PRIMARY KEY) STRICT;
        ALTER TABLE long_term_token ADD COLUMN last_used TEXT;
        """

    /// Prefixes of different providers are no prefixes of each other.
    static func insertPrefix(_ prefix: HexBytes, of id: String, _ db: Database) throws {
        func overlaps(_ other: String) -> Bool { other.hasPrefix(prefix.description) || prefix.description.hasPrefix(other) }
        if let other = try String.fetchAll(db, sql: "SELECT prefix FROM aid_prefix").first(where: overlaps) {
            throw OperatorError(.conflict, "the AID prefix \(prefix) overlaps with \(other), which is assigned already")
        }
        if let other = try String.fetchAll(db, sql: "SELECT prefix FROM retired_aid_prefix").first(where: overlaps) {
            throw OperatorError(.conflict, "the AID prefix \(prefix) overlaps with \(other), which was another's and may still be on secure components")
        }
        try db.execute(sql: "INSERT INTO aid_prefix (prefix, owner) VALUES (?, ?)", arguments: [prefix.description, id])
    }

    static func removePrefix(_ prefix: HexBytes, of id: String, _ db: Database) throws {
        let hadServices = try Int.fetchOne(db, sql: "SELECT security_domains FROM service_provider WHERE id = ?", arguments: [id]) ?? 0
        if hadServices > 0 { try db.execute(sql: "INSERT INTO retired_aid_prefix VALUES (?) ON CONFLICT DO NOTHING", arguments: [prefix.description]) }
        try db.execute(sql: "DELETE FROM aid_prefix WHERE prefix = ? AND owner = ?", arguments: [prefix.description, id])
    }

    /// The name of a kind of entity that the provider still has; nil: nothing is left.
    static func whatIsLeft(of id: String, _ db: Database) throws -> String? {
        func any<Entity: StoredEntity>(_ type: Entity.Type) throws -> String? {
            try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM \(Entity.table) WHERE owner = ?)", arguments: [id]) == true ? Entity.entityName : nil
        }
        return try any(Service.self) ?? any(CAP.self) ?? any(ApplicationConfig.self) ?? any(PersonalizationScript.self) ?? any(SposConfig.self) ?? any(Certificate.self)
    }

    static func remove(_ id: String, _ db: Database) throws {
        for prefix in try tenancy(of: id, db).prefixes { try removePrefix(prefix, of: id, db) }
        for table in ["device_app", "key_index", "long_term_token", "token_issuer", "device_integrity"] { try db.execute(sql: "DELETE FROM \(table) WHERE owner = ?", arguments: [id]) }
        try db.execute(sql: "DELETE FROM service_provider WHERE id = ?", arguments: [id])
    }

    /// - Returns: false when it was not there; so below.
    static func removeDeviceApp(_ app: String, of id: String, _ db: Database) throws -> Bool {
        try db.execute(sql: "DELETE FROM device_app WHERE owner = ? AND device_app_id = ?", arguments: [id, app.lowercased()])
        return db.changesCount == 1
    }

    static func removeKeyIndex(_ index: String, of id: String, _ db: Database) throws -> Bool {
        try db.execute(sql: "DELETE FROM key_index WHERE owner = ? AND key_index = ?", arguments: [id, index])
        return db.changesCount == 1
    }

    /// A Flavor whose keys come from the index.
    static func flavor(of id: String, using index: String, _ db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT id FROM flavor WHERE owner = ? AND json_extract(document, '$.featureConfig.keyIndex') = ?", arguments: [id, index])
    }

    static func keyIndexes(of id: String, _ db: Database) throws -> [OperatorAPI.KeyIndex] {
        try String.fetchAll(db, sql: "SELECT document FROM key_index WHERE owner = ? ORDER BY position", arguments: [id]).map { try StoredDocument.decode($0) }
    }

    /// Again is no error.
    static func insertDeviceApp(_ app: String, of id: String, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO device_app (owner, device_app_id) VALUES (?, ?) ON CONFLICT DO NOTHING", arguments: [id, app.lowercased()])
    }

    /// Again replaces.
    static func insertKeyIndex(_ key: OperatorAPI.KeyIndex, of id: String, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO key_index (owner, key_index, document) VALUES (?, ?, ?) ON CONFLICT (owner, key_index) DO UPDATE SET document = excluded.document",
                       arguments: [id, key.index, try StoredDocument.encode(key)])
    }

    static func setClientCertificate(_ sha256: String?, of id: String, _ db: Database) throws {
        try db.execute(sql: "UPDATE service_provider SET client_certificate_sha256 = ? WHERE id = ?", arguments: [sha256?.lowercased(), id])
    }

    static func all(_ db: Database) throws -> [OperatorAPI.ServiceProviderRecord] {
        try Row.fetchAll(db, sql: "SELECT * FROM service_provider ORDER BY position").map { try record($0, db) }
    }

    static func find(_ id: String, _ db: Database) throws -> OperatorAPI.ServiceProviderRecord? {
        try Row.fetchOne(db, sql: "SELECT * FROM service_provider WHERE id = ?", arguments: [id]).map { try record($0, db) }
    }

    /// As the provider sees itself.
    static func account(of id: String, _ db: Database) throws -> ServiceProvider {
        guard let name = try String.fetchOne(db, sql: "SELECT name FROM service_provider WHERE id = ?", arguments: [id]) else { throw GeneralError.notAuthenticated }
        return ServiceProvider(id: id, name: name)
    }

    static func tenancy(of id: String, _ db: Database) throws -> AIDTenancy {
        AIDTenancy(prefixes: try String.fetchAll(db, sql: "SELECT prefix FROM aid_prefix WHERE owner = ? ORDER BY position", arguments: [id]).map { try HexBytes(hex: $0) })
    }

    /// Counts up; a number is never used again, not even after the Service is deleted: cards may still hold its domain.
    static func nextSecurityDomain(of id: String, _ db: Database) throws -> AID {
        try db.execute(sql: "UPDATE service_provider SET security_domains = security_domains + 1 WHERE id = ?", arguments: [id])
        let number = try Int.fetchOne(db, sql: "SELECT security_domains FROM service_provider WHERE id = ?", arguments: [id]) ?? 0
        return try tenancy(of: id, db).securityDomain(number: number)
    }

    private static func record(_ row: Row, _ db: Database) throws -> OperatorAPI.ServiceProviderRecord {
        let id: String = row["id"]
        return OperatorAPI.ServiceProviderRecord(
            id: id, name: row["name"], aidPrefixes: try tenancy(of: id, db).prefixes,
            deviceApps: try String.fetchAll(db, sql: "SELECT device_app_id FROM device_app WHERE owner = ? ORDER BY position", arguments: [id]),
            keyIndexes: try keyIndexes(of: id, db),
            clientCertificateSHA256: row["client_certificate_sha256"])
    }
}
