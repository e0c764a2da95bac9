import GRDB
import TrustedServiceModel

/// Rows of SecureComponentProfiles.
enum ProfileTable {
    struct Entry: Sendable {
        var issuerId: String
        var profile: SecureComponentProfile
        /// Announced, not yet done.
        var removal: OperatorAPI.PlannedRemoval?
    }

    static let schema = "ALTER TABLE secure_component_profile ADD COLUMN removal TEXT;"

    static func insert(_ entry: Entry, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO secure_component_profile (id, issuer_id, document) VALUES (?, ?, ?)",
                       arguments: [entry.profile.id, entry.issuerId, try StoredDocument.encode(entry.profile)])
    }

    /// What may change: the removal.
    static func update(_ entry: Entry, _ db: Database) throws {
        try db.execute(sql: "UPDATE secure_component_profile SET removal = ? WHERE id = ?", arguments: [try entry.removal.map { try StoredDocument.encode($0) }, entry.profile.id])
    }

    static func remove(_ id: String, _ db: Database) throws { try db.execute(sql: "DELETE FROM secure_component_profile WHERE id = ?", arguments: [id]) }

    static func all(_ db: Database) throws -> [Entry] {
        try Row.fetchAll(db, sql: "SELECT issuer_id, document, removal FROM secure_component_profile ORDER BY position").map(entry)
    }

    static func find(_ id: String, _ db: Database) throws -> Entry? {
        try Row.fetchOne(db, sql: "SELECT issuer_id, document, removal FROM secure_component_profile WHERE id = ?", arguments: [id]).map(entry)
    }

    private static func entry(_ row: Row) throws -> Entry {
        Entry(issuerId: row["issuer_id"], profile: try StoredDocument.decode(row["document"] as String),
              removal: try (row["removal"] as String?).map { try StoredDocument.decode($0) })
    }
}
