import Foundation
import GRDB
import SEIAPI

enum DialogTable {
    static func insert(_ record: DialogRecord, idempotencyKey: String, digest: [UInt8], _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO dialog (id, sp_tsm, component_id, idempotency_key, request_digest, status, lease_until, created_at, document)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [record.id, record.spTsm, record.componentId, idempotencyKey, Data(digest), record.status.rawValue,
                        record.leaseUntil.timeIntervalSince1970, record.createdAt.timeIntervalSince1970, try Document.text(record)])
    }

    static func update(_ record: DialogRecord, _ db: Database) throws {
        try db.execute(sql: "UPDATE dialog SET status = ?, lease_until = ?, document = ? WHERE id = ?",
                       arguments: [record.status.rawValue, record.leaseUntil.timeIntervalSince1970, try Document.text(record), record.id])
    }

    static func find(_ id: String, spTsm: String, _ db: Database) throws -> DialogRecord? {
        let arguments: StatementArguments = [id, spTsm]
        return try String.fetchOne(db, sql: "SELECT document FROM dialog WHERE id = ? AND sp_tsm = ?", arguments: arguments).map { try Document.value($0) }
    }

    /// Whose turn a request on the dialog takes; nil: there is no such dialog.
    static func component(of id: String, spTsm: String, _ db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT component_id FROM dialog WHERE id = ? AND sp_tsm = ?", arguments: [id, spTsm])
    }

    static func find(idempotencyKey: String, spTsm: String, _ db: Database) throws -> (record: DialogRecord, digest: [UInt8])? {
        let arguments: StatementArguments = [idempotencyKey, spTsm]
        guard let row = try Row.fetchOne(db, sql: "SELECT document, request_digest FROM dialog WHERE idempotency_key = ? AND sp_tsm = ?", arguments: arguments)
        else { return nil }
        let digest: Data = row["request_digest"]
        return (try Document.value(row["document"]), Array(digest))
    }

    /// The one dialog that a component may have.
    static func open(component: String, _ db: Database) throws -> DialogRecord? {
        try String.fetchOne(db, sql: "SELECT document FROM dialog WHERE component_id = ? AND status = 'open'", arguments: [component])
            .map { try Document.value($0) }
    }

    /// Dialogs whose lease has ended.
    static func overdue(at: Date, _ db: Database) throws -> [DialogRecord] {
        try String.fetchAll(db, sql: "SELECT document FROM dialog WHERE status = 'open' AND lease_until <= ?", arguments: [at.timeIntervalSince1970])
            .map { try Document.value($0) }
    }

    /// - Parameter results: what it answers; it is given again to whoever repeats them.
    static func save(_ answer: SEI.Dialog, dialog: String, to results: [(session: Int, digest: [UInt8])], _ db: Database) throws {
        if results.isEmpty { return }
        let text = try Document.text(answer)
        for result in results {
            try db.execute(sql: "INSERT OR REPLACE INTO dialog_answer (dialog_id, session, results_digest, answer) VALUES (?, ?, ?, ?)",
                           arguments: [dialog, result.session, Data(result.digest), text])
        }
    }

    static func answer(dialog: String, session: Int, digest: [UInt8], _ db: Database) throws -> SEI.Dialog? {
        try String.fetchOne(db, sql: "SELECT answer FROM dialog_answer WHERE dialog_id = ? AND session = ? AND results_digest = ?",
                            arguments: [dialog, session, Data(digest)]).map { try Document.value($0) }
    }
}
