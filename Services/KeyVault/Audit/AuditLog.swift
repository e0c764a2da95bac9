import Cryptography
import Foundation
import GRDB

/// The append-only log: every line carries SHA-256 over the hash of the line before it and its own content.
enum AuditLog {
    /// The hash "before" the first line.
    static let origin = [UInt8](repeating: 0, count: 32)

    /// Part of the transaction that changes what the line speaks of.
    static func append(_ line: AuditLine, _ db: Database) throws {
        let last = try db.row("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
        let sequence: Int64 = (last?["sequence"] ?? 0) + 1
        let previous = last?.bytes("hash") ?? origin
        let hash = try hash(line, sequence: sequence, previous: previous)
        try db.run(
            "INSERT INTO audit (sequence, at, operation, caller, process, keys, outcome, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [sequence, line.at, line.operation, line.caller, line.process, line.keys, line.outcome, line.detail, Data(previous), Data(hash)])
    }

    static func hash(_ line: AuditLine, sequence: Int64, previous: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try HashFunction.sha256.digest(of: previous + line.canonicalBytes(sequence: sequence))
    }
}
