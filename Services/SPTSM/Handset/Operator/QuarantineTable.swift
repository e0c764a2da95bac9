import Foundation
import GRDB
import ServiceKit

/// Rows of what operators have closed, and of what they have done.
enum QuarantineTable {
    enum Kind: String, Sendable { case instance, component }

    static let schema = """
        CREATE TABLE quarantine (
            kind TEXT NOT NULL, subject TEXT NOT NULL, message TEXT NOT NULL, since TEXT NOT NULL, who TEXT NOT NULL, PRIMARY KEY (kind, subject)) STRICT, WITHOUT ROWID;
        CREATE TABLE operator_action (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
        CREATE INDEX dialog_instance ON dialog(instance_id) WHERE instance_id IS NOT NULL;
        CREATE INDEX instance_component ON instance(component_id);
        """

    static func find(_ kind: Kind, _ subject: String, _ db: Database) throws -> HandsetOperatorAPI.Quarantine? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT message, since, who FROM quarantine WHERE kind = ? AND subject = ?"), arguments: [kind.rawValue, subject])
            .map { HandsetOperatorAPI.Quarantine(message: $0["message"], since: $0["since"], who: $0["who"]) }
    }

    /// Again changes the message.
    static func set(_ kind: Kind, _ subject: String, _ quarantine: HandsetOperatorAPI.Quarantine, _ db: Database) throws {
        try db.execute(sql: """
            INSERT INTO quarantine (kind, subject, message, since, who) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (kind, subject) DO UPDATE SET message = excluded.message, since = excluded.since, who = excluded.who
            """, arguments: [kind.rawValue, subject, quarantine.message, quarantine.since, quarantine.who])
    }

    /// - Returns: false: there was none.
    static func lift(_ kind: Kind, _ subject: String, _ db: Database) throws -> Bool {
        try db.execute(sql: "DELETE FROM quarantine WHERE kind = ? AND subject = ?", arguments: [kind.rawValue, subject])
        return db.changesCount == 1
    }

    static func record(_ action: HandsetOperatorAPI.Action, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO operator_action (at, who, kind, subject, reason) VALUES (?, ?, ?, ?, ?)",
                       arguments: [action.at, action.who, action.kind.rawValue, action.subject, action.reason])
    }

    static func actions(after: Int?, limit: Int, _ db: Database) throws -> HandsetOperatorAPI.Page<HandsetOperatorAPI.Action> {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM operator_action WHERE id < ? ORDER BY id DESC LIMIT ?", arguments: [after ?? .max, limit + 1])
        let items = rows.prefix(limit).compactMap { row in
            HandsetOperatorAPI.Action.Kind(rawValue: row["kind"]).map {
                HandsetOperatorAPI.Action(at: row["at"], who: row["who"], kind: $0, subject: row["subject"], reason: row["reason"])
            }
        }
        return HandsetOperatorAPI.Page(items: items, next: rows.count > limit ? rows[limit - 1]["id"] : nil)
    }

    /// Old actions, and the quarantine of instances that are no more.
    static func forget(before at: String, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM operator_action WHERE at < ?", arguments: [at])
        try db.execute(sql: "DELETE FROM quarantine WHERE kind = 'instance' AND subject NOT IN (SELECT id FROM instance)")
    }
}
