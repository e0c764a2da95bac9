import GRDB

/// Channels of the key vault that are over and still to be closed.
enum ChannelTaskTable {
    static func insert(_ channel: String, _ db: Database) throws {
        try db.execute(sql: "INSERT OR IGNORE INTO channel_task (channel_id) VALUES (?)", arguments: [channel])
    }

    static func next(_ limit: Int, _ db: Database) throws -> [String] {
        try String.fetchAll(db, sql: "SELECT channel_id FROM channel_task ORDER BY rowid LIMIT ?", arguments: [limit])
    }

    static func delete(_ channel: String, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM channel_task WHERE channel_id = ?", arguments: [channel])
    }
}
