import DeploymentDocument
import GRDB
import TrustedServiceModel

/// Rows of issuers.
enum IssuerTable {
    static func insert(_ new: OperatorAPI.NewIssuer, id: String, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO issuer (id, document) VALUES (?, ?)", arguments: [id, try StoredDocument.encode(new)])
    }

    static func exists(_ id: String, _ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM issuer WHERE id = ?)", arguments: [id]) ?? false
    }

    /// With the profiles of each.
    static func all(_ db: Database) throws -> [IssuerDescriptor] {
        try Row.fetchAll(db, sql: "SELECT id, document FROM issuer ORDER BY position").map { row in
            let id: String = row["id"]
            let issuer: OperatorAPI.NewIssuer = try StoredDocument.decode(row["document"] as String)
            let profiles = try String.fetchAll(db, sql: "SELECT id FROM secure_component_profile WHERE issuer_id = ? ORDER BY position", arguments: [id])
            return IssuerDescriptor(id: id, name: issuer.name, seiURL: issuer.seiURL, caPEM: issuer.caPEM, expectedPeer: issuer.expectedPeer,
                                    issuerIdentificationNumbers: issuer.issuerIdentificationNumbers, transportKeyIndex: issuer.transportKeyIndex,
                                    secureComponentProfileIds: profiles)
        }
    }
}

/// Rows of SecureComponentProfiles.
enum ProfileTable {
    struct Entry: Sendable {
        var issuerId: String
        var profile: SecureComponentProfile
    }

    static func insert(_ entry: Entry, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO secure_component_profile (id, issuer_id, document) VALUES (?, ?, ?)",
                       arguments: [entry.profile.id, entry.issuerId, try StoredDocument.encode(entry.profile)])
    }

    static func all(_ db: Database) throws -> [Entry] {
        try Row.fetchAll(db, sql: "SELECT issuer_id, document FROM secure_component_profile ORDER BY position").map(entry)
    }

    static func find(_ id: String, _ db: Database) throws -> Entry? {
        try Row.fetchOne(db, sql: "SELECT issuer_id, document FROM secure_component_profile WHERE id = ?", arguments: [id]).map(entry)
    }

    private static func entry(_ row: Row) throws -> Entry {
        Entry(issuerId: row["issuer_id"], profile: try StoredDocument.decode(row["document"] as String))
    }
}
