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

    /// True for the one caller that uses the check; a second one, however close behind, gets false.
    static func use(_ id: String, _ db: Database) throws -> Bool {
        try db.execute(sql: "UPDATE eligibility SET used = 1 WHERE id = ? AND used = 0", arguments: [id])
        return db.changesCount == 1
    }
}
