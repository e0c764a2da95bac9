import Foundation
import GRDB

/// Processes whose key the vault is to destroy: remembered until it has.
extension HandsetStore {
    static func forget(process: String, due: Date, in db: Database) throws {
        try db.execute(sql: "INSERT INTO process_to_forget (process, due) VALUES (?, ?) ON CONFLICT (process) DO UPDATE SET due = excluded.due",
                       arguments: [process, due.timeIntervalSince1970])
    }

    func processesToForget(now: Date, limit: Int) async throws -> [String] {
        try await store.read { db in
            try String.fetchAll(db, sql: "SELECT process FROM process_to_forget WHERE due <= ? ORDER BY due LIMIT ?", arguments: [now.timeIntervalSince1970, limit])
        }
    }

    func forgotten(_ processes: [String]) async throws {
        try await store.write { db in
            for process in processes { try db.execute(sql: "DELETE FROM process_to_forget WHERE process = ?", arguments: [process]) }
        }
    }
}
