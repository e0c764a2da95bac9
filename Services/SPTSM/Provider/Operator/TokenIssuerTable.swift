import DeploymentDocument
import GRDB

/// Rows of service providers' token issuers.
enum TokenIssuerTable {
    static let schema = """
        CREATE TABLE token_issuer (
          position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL REFERENCES service_provider(id),
          issuer TEXT NOT NULL, audience TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (issuer, audience)
        ) STRICT;
        """

    /// New, or in place of the one with its ID.
    static func save(_ issuer: TokenIssuerDescriptor, _ db: Database) throws {
        try db.execute(sql: """
            INSERT INTO token_issuer (id, owner, issuer, audience, document) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET issuer = excluded.issuer, audience = excluded.audience, document = excluded.document
            """, arguments: [issuer.id, issuer.serviceProviderId, issuer.issuer, issuer.audience, try StoredDocument.encode(issuer)])
    }

    /// - Returns: false when it was not there.
    static func remove(_ id: String, of owner: String, _ db: Database) throws -> Bool {
        try db.execute(sql: "DELETE FROM token_issuer WHERE id = ? AND owner = ?", arguments: [id, owner])
        return db.changesCount == 1
    }

    static func find(_ id: String, of owner: String, _ db: Database) throws -> TokenIssuerDescriptor? {
        try String.fetchOne(db, sql: "SELECT document FROM token_issuer WHERE id = ? AND owner = ?", arguments: [id, owner]).map { try StoredDocument.decode($0) }
    }

    /// Whoever has this issuer and audience.
    static func find(issuer: String, audience: String, _ db: Database) throws -> TokenIssuerDescriptor? {
        try String.fetchOne(db, sql: "SELECT document FROM token_issuer WHERE issuer = ? AND audience = ?", arguments: [issuer, audience]).map { try StoredDocument.decode($0) }
    }

    static func all(of owner: String, _ db: Database) throws -> [TokenIssuerDescriptor] {
        try String.fetchAll(db, sql: "SELECT document FROM token_issuer WHERE owner = ? ORDER BY position", arguments: [owner]).map { try StoredDocument.decode($0) }
    }

    static func all(_ db: Database) throws -> [TokenIssuerDescriptor] {
        try String.fetchAll(db, sql: "SELECT document FROM token_issuer ORDER BY position").map { try StoredDocument.decode($0) }
    }
}
