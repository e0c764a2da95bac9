import GRDB

/// Sessions that an SP TSM had opened with a component since an answer last proved that the card accepted one: when a dialog is opened, and for each
/// authentication that a session needs beyond that. The key vault counts the same for the ISD's keys,
/// whoever asked, and stops for everybody; this stops before, and only for the one who does not report.
enum UnprovenTable {
    static func count(component: String, spTsm: String, _ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT sessions FROM unproven WHERE component_id = ? AND sp_tsm = ?", arguments: [component, spTsm]) ?? 0
    }

    static func add(_ sessions: Int, component: String, spTsm: String, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO unproven (component_id, sp_tsm, sessions) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sessions = sessions + excluded.sessions",
                       arguments: [component, spTsm, sessions])
    }

    static func reset(component: String, spTsm: String, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM unproven WHERE component_id = ? AND sp_tsm = ?", arguments: [component, spTsm])
    }

    /// By the operator, who has found out why.
    static func release(component: String, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM unproven WHERE component_id = ?", arguments: [component])
    }
}
