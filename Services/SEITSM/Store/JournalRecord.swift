import Foundation
import GlobalPlatform
import GRDB

/// One line of the journal: scripts before they leave, results before they are acted upon, and what came of them.
public struct JournalRecord: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable {
        /// C-APDUs given to the SP TSM.
        case script
        /// R-APDUs that came back.
        case results
        /// The same, too late to be acted upon.
        case lateResults
        /// A verified outcome, failure or end of lease, in words.
        case outcome
    }

    public var at: Date
    public var componentId: String
    public var spTsm: String
    /// ID of the dialog or eligibility check.
    public var subject: String
    public var session: Int?
    public var kind: Kind
    public var apdus: [HexBytes]
    public var note: String?

    private struct Body: Codable {
        var apdus: [HexBytes]
        var note: String?
    }

    func insert(_ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO journal (at, component_id, sp_tsm, subject, session, kind, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [at.timeIntervalSince1970, componentId, spTsm, subject, session, kind.rawValue, try Document.text(Body(apdus: apdus, note: note))])
    }

    /// The journal of one dialog or eligibility check, in order.
    static func of(subject: String, _ db: Database) throws -> [JournalRecord] {
        try Row.fetchAll(db, sql: "SELECT * FROM journal WHERE subject = ? ORDER BY id", arguments: [subject]).map { row in
            let body = try Document.value(row["body"], as: Body.self)
            return JournalRecord(at: Date(timeIntervalSince1970: row["at"]), componentId: row["component_id"], spTsm: row["sp_tsm"], subject: row["subject"],
                                 session: row["session"], kind: Kind(rawValue: row["kind"]) ?? .outcome, apdus: body.apdus, note: body.note)
        }
    }
}
