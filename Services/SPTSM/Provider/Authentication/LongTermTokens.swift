import Cryptography
import GlobalPlatform
import GRDB

/// Long-term tokens are kept as SHA-256 only: 256 random bits need no slow hash.
enum LongTermTokens {
    static func insert(_ token: String, id: String, owner: String, label: String, created: String, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO long_term_token (sha256, id, owner, label, created) VALUES (?, ?, ?, ?, ?)",
                       arguments: [try digest(token), id, owner, label, created])
    }

    /// The service provider whose token this is; nil for an unknown or revoked one.
    static func owner(of token: String, _ db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT owner FROM long_term_token WHERE sha256 = ? AND revoked IS NULL", arguments: [try digest(token)])
    }

    /// Notes a use. Only the first within a minute is written: a client that signs in for every request must not fill the disk's queue.
    static func noteUse(of token: String, at time: String, _ db: Database) throws {
        try db.execute(sql: "UPDATE long_term_token SET last_used = ? WHERE sha256 = ?", arguments: [time, try digest(token)])
    }

    static func isUseNoted(of token: String, since time: String, _ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT coalesce(last_used, '') >= ? FROM long_term_token WHERE sha256 = ?", arguments: [time, try digest(token)]) ?? false
    }

    static func list(of owner: String, _ db: Database) throws -> [OperatorAPI.TokenRecord] {
        try Row.fetchAll(db, sql: "SELECT id, label, created, last_used, revoked FROM long_term_token WHERE owner = ? ORDER BY created, id", arguments: [owner]).map { row in
            OperatorAPI.TokenRecord(id: row["id"], label: row["label"], created: row["created"], lastUsed: row["last_used"], revoked: row["revoked"])
        }
    }

    /// - Returns: false for an unknown one. Again is no error.
    static func revoke(_ id: String, of owner: String, at time: String, _ db: Database) throws -> Bool {
        try db.execute(sql: "UPDATE long_term_token SET revoked = coalesce(revoked, ?) WHERE id = ? AND owner = ?", arguments: [time, id, owner])
        return db.changesCount == 1
    }

    private static func digest(_ token: String) throws -> String { Hex.encode(try HashFunction.sha256.digest(of: Array(token.utf8))) }
}
