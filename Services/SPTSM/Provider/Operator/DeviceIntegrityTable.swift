import DeploymentDocument
import GRDB

/// Rows of the keys with which service providers' integrity services sign; one row for each provider that has one.
enum DeviceIntegrityTable {
    static let schema = "CREATE TABLE device_integrity (owner TEXT PRIMARY KEY REFERENCES service_provider(id), document TEXT NOT NULL) STRICT;"

    static func set(_ keys: DeviceIntegrityKeys, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO device_integrity (owner, document) VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET document = excluded.document",
                       arguments: [keys.serviceProviderId, try StoredDocument.encode(keys)])
    }

    /// - Returns: false when there were none.
    static func remove(of owner: String, _ db: Database) throws -> Bool {
        try db.execute(sql: "DELETE FROM device_integrity WHERE owner = ?", arguments: [owner])
        return db.changesCount == 1
    }

    static func find(of owner: String, _ db: Database) throws -> DeviceIntegrityKeys? {
        try String.fetchOne(db, sql: "SELECT document FROM device_integrity WHERE owner = ?", arguments: [owner]).map { try StoredDocument.decode($0) }
    }

    static func all(_ db: Database) throws -> [DeviceIntegrityKeys] {
        try String.fetchAll(db, sql: "SELECT document FROM device_integrity ORDER BY owner").map { try StoredDocument.decode($0) }
    }
}
