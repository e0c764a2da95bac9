import DeploymentDocument
import GRDB
import TrustedServiceModel

/// Rows of issuers.
enum IssuerTable {
    static func insert(_ new: OperatorAPI.NewIssuer, id: String, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO issuer (id, document) VALUES (?, ?)", arguments: [id, try StoredDocument.encode(new)])
    }

    static func update(_ new: OperatorAPI.NewIssuer, id: String, _ db: Database) throws {
        try db.execute(sql: "UPDATE issuer SET document = ? WHERE id = ?", arguments: [try StoredDocument.encode(new), id])
    }

    static func remove(_ id: String, _ db: Database) throws { try db.execute(sql: "DELETE FROM issuer WHERE id = ?", arguments: [id]) }

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
