import GRDB
import KeyVaultAPI

/// EXTERNAL AUTHENTICATEs issued for one key reference and not proven successful. A card counts failures and blocks itself; this stops before.
enum AuthenticationCounter {
    static func value(_ reference: String, _ db: Database) throws -> Int {
        try db.row("SELECT unproven FROM authentication WHERE reference = ?", [reference])?["unproven"] ?? 0
    }

    /// - Throws: `tooManyUnprovenAuthentications`.
    static func requireRoom(_ reference: String, limit: Int, _ db: Database) throws {
        let count = try value(reference, db)
        guard count < limit else {
            throw KeyVaultError(
                .tooManyUnprovenAuthentications,
                "\(count) authentications with \(reference) were issued and not proven successful; find out why, then have an operator release the counter")
        }
    }

    static func count(_ reference: String, limit: Int, _ db: Database) throws {
        try requireRoom(reference, limit: limit, db)
        try db.run("INSERT INTO authentication (reference, unproven) VALUES (?, 1) ON CONFLICT (reference) DO UPDATE SET unproven = unproven + 1", [reference])
    }

    /// One that the card cannot have counted as ours.
    static func takeBack(_ reference: String, _ db: Database) throws {
        try db.run("UPDATE authentication SET unproven = unproven - 1 WHERE reference = ? AND unproven > 0", [reference])
    }

    static func reset(_ reference: String, _ db: Database) throws {
        try db.run("DELETE FROM authentication WHERE reference = ?", [reference])
    }
}
