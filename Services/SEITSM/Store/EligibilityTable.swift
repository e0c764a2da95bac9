import Foundation
import GlobalPlatform
import GRDB
import SEIAPI

/// An eligibility check under way.
struct EligibilityRecord: Sendable {
    var id: String
    var spTsm: String
    var componentId: String
    var challengeId: String
    var commands: [HexBytes]
    var expiresAt: Date
    var used: Bool
    /// What it was answered with, for a repetition.
    var evidenceDigest: [UInt8]? = nil
    var verdict: SEI.EligibilityVerdict? = nil
}

enum EligibilityTable {
    static func insert(_ record: EligibilityRecord, _ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO eligibility (id, sp_tsm, component_id, challenge_id, commands, expires_at, used) VALUES (?, ?, ?, ?, ?, ?, 0)",
            arguments: [record.id, record.spTsm, record.componentId, record.challengeId, try Document.text(record.commands),
                        record.expiresAt.timeIntervalSince1970])
    }

    static func find(_ id: String, spTsm: String, _ db: Database) throws -> EligibilityRecord? {
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM eligibility WHERE id = ? AND sp_tsm = ?", arguments: [id, spTsm]) else { return nil }
        let digest: Data? = row["evidence_digest"]
        let verdict: String? = row["verdict"]
        return EligibilityRecord(id: row["id"], spTsm: row["sp_tsm"], componentId: row["component_id"], challengeId: row["challenge_id"],
                                 commands: try Document.value(row["commands"]), expiresAt: Date(timeIntervalSince1970: row["expires_at"]), used: row["used"],
                                 evidenceDigest: digest.map { Array($0) }, verdict: try verdict.map { try Document.value($0) })
    }

    static func saveVerdict(_ verdict: SEI.EligibilityVerdict, id: String, digest: [UInt8], _ db: Database) throws {
        try db.execute(sql: "UPDATE eligibility SET evidence_digest = ?, verdict = ? WHERE id = ?",
                       arguments: [Data(digest), try Document.text(verdict), id])
    }

    /// Forgets all but the newest checks that this SP TSM began with the component and did not answer: what a handset merely claims must not fill the store.
    static func forgetUnanswered(component: String, spTsm: String, keeping: Int, _ db: Database) throws {
        let excess = "SELECT id FROM eligibility WHERE component_id = ? AND sp_tsm = ? AND used = 0 ORDER BY rowid DESC LIMIT -1 OFFSET ?"
        let arguments: StatementArguments = [component, spTsm, keeping]
        try db.execute(sql: "DELETE FROM journal WHERE subject IN (\(excess))", arguments: arguments)
        try db.execute(sql: "DELETE FROM eligibility WHERE id IN (\(excess))", arguments: arguments)
    }

    /// Forgets checks that nobody answered in time, with their journal: nothing came of them.
    static func forgetUnanswered(before: Date, _ db: Database) throws {
        let expired = "SELECT id FROM eligibility WHERE used = 0 AND expires_at < ?"
        try db.execute(sql: "DELETE FROM journal WHERE subject IN (\(expired))", arguments: [before.timeIntervalSince1970])
        try db.execute(sql: "DELETE FROM eligibility WHERE used = 0 AND expires_at < ?", arguments: [before.timeIntervalSince1970])
    }

    /// True for the one caller that uses the check; a second one, however close behind, gets false.
    static func use(_ id: String, _ db: Database) throws -> Bool {
        try db.execute(sql: "UPDATE eligibility SET used = 1 WHERE id = ? AND used = 0", arguments: [id])
        return db.changesCount == 1
    }
}
