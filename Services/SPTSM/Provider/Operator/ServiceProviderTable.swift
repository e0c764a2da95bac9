import GlobalPlatform
import GRDB
import TrustedServiceModel

/// Rows of service providers and of what the operator gave them.
enum ServiceProviderTable {
    static func insert(_ new: OperatorAPI.NewServiceProvider, id: String, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO service_provider (id, name, client_certificate_sha256) VALUES (?, ?, ?)",
                       arguments: [id, new.name, new.clientCertificateSHA256?.lowercased()])
        for prefix in new.aidPrefixes {
            let taken = try String.fetchAll(db, sql: "SELECT prefix FROM aid_prefix")
            if let other = taken.first(where: { $0.hasPrefix(prefix.description) || prefix.description.hasPrefix($0) }) {
                throw OperatorError(.conflict, "the AID prefix \(prefix) overlaps with \(other), which is assigned already")
            }
            try db.execute(sql: "INSERT INTO aid_prefix (prefix, owner) VALUES (?, ?)", arguments: [prefix.description, id])
        }
        for app in new.deviceApps ?? [] { try insertDeviceApp(app, of: id, db) }
        for key in new.keyIndexes ?? [] { try insertKeyIndex(key, of: id, db) }
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
            keyIndexes: try String.fetchAll(db, sql: "SELECT document FROM key_index WHERE owner = ? ORDER BY position", arguments: [id]).map { try StoredDocument.decode($0) },
            clientCertificateSHA256: row["client_certificate_sha256"])
    }
}
