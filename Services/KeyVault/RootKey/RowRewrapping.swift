import Foundation
import GRDB
import KeyVaultAPI

/// Sealing rows anew under the newest data key, a bounded number in a transaction.
enum RowRewrapping {
    /// A table with sealed rows, and how a row is named in what it is sealed for.
    struct Table: Sendable {
        let name: String
        let purpose: Sealer.Purpose
        /// The row's name: the values of these columns, with a zero byte between two.
        let columns: [String]

        func row(_ row: Row) -> String { columns.map { row[$0] as String }.joined(separator: "\u{0}") }
    }

    static let tables = [
        Table(name: "key_set", purpose: .keySet, columns: ["id"]), Table(name: "named_key", purpose: .namedKey, columns: ["name"]),
        Table(name: "signing_key", purpose: .signingKey, columns: ["purpose"]), Table(name: "channel", purpose: .channel, columns: ["id"]),
        Table(name: "batch", purpose: .batch, columns: ["caller", "idempotency_key"]),
        Table(name: "process_key", purpose: .processKey, columns: ["caller", "process"]),
    ]

    /// Where a walk through all tables has come to.
    struct Cursor: Sendable, Hashable {
        var table = 0
        var row: Int64 = 0
        var isAtEnd: Bool { table >= RowRewrapping.tables.count }
    }

    /// The next rows, at most `limit`, from the cursor on.
    /// - Throws: `KeyVaultError` `internalError` naming the row that does not open; then nothing of this step is done.
    static func step(from cursor: Cursor, limit: Int, _ sealer: Sealer, _ db: Database) throws -> Cursor {
        var cursor = cursor
        guard !cursor.isAtEnd else { return cursor }
        let table = tables[cursor.table]
        let rows = try Row.fetchAll(
            db, sql: """
                SELECT rowid AS place, \(table.columns.joined(separator: ", ")), sealed FROM \(table.name)
                WHERE rowid > ? AND sealed IS NOT NULL AND substr(sealed, 1, 4) <> ? ORDER BY rowid LIMIT ?
                """, arguments: [cursor.row, Data(sealer.header), limit])
        for row in rows {
            let (place, name): (Int64, String) = (row["place"], table.row(row))
            let content = try sealer.openSecret(row.bytes("sealed"), row: name, table.purpose)
            try db.run("UPDATE \(table.name) SET sealed = ? WHERE rowid = ?", [Data(try sealer.seal(content, row: name, table.purpose)), place])
            cursor.row = place
        }
        if rows.count < limit { cursor = Cursor(table: cursor.table + 1) }
        return cursor
    }

    /// Rows that are sealed under another data key than the newest.
    static func remaining(_ sealer: Sealer, _ db: Database) throws -> Int {
        try tables.reduce(0) { sum, table in
            sum + (try Int.fetchOne(
                db, sql: "SELECT count(*) FROM \(table.name) WHERE sealed IS NOT NULL AND substr(sealed, 1, 4) <> ?", arguments: [Data(sealer.header)]) ?? 0)
        }
    }
}
