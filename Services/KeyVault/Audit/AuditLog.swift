import Foundation
import GRDB
import KeyVaultAPI

/// The append-only log: every line carries SHA-256 over the hash of the line before it and its own content.
enum AuditLog {
    /// Part of the transaction that changes what the line speaks of.
    static func append(_ line: AuditLine, _ db: Database) throws {
        let last = try last(db)
        let sequence = (last?.sequence ?? 0) + 1
        let previous = last?.hash ?? AuditChain.origin
        let hash = try AuditChain.hash(line, sequence: sequence, previous: previous)
        try db.run(
            "INSERT INTO audit (sequence, at, operation, caller, process, keys, outcome, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [sequence, line.at, line.operation, line.caller, line.process, line.keys, line.outcome, line.detail, Data(previous), Data(hash)])
    }

    /// Number and hash of the last line.
    static func last(_ db: Database) throws -> (sequence: Int64, hash: [UInt8])? {
        try db.row("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1").map { ($0["sequence"], $0.bytes("hash")) }
    }
}
