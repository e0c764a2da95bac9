import Cryptography
import Foundation
import GRDB
import KeyVaultAPI

/// What batches with an idempotency key were answered, so that a repetition gets the same.
enum BatchMemory {
    static func digest(of batch: VaultBatch) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try HashFunction.sha256.digest(of: [UInt8](encoder.encode(batch.steps)))
    }

    static func find(_ key: String, _ work: VaultWork) throws -> (digest: [UInt8], answer: VaultBatchAnswer)? {
        guard let row = try work.db.row(
            "SELECT digest, sealed FROM batch WHERE caller = ? AND idempotency_key = ? AND expires_at > ?", [work.caller.identity, key, work.milliseconds])
        else { return nil }
        let plain = try work.sealer.open(row.bytes("sealed"), row: name(key, work), .batch)
        return (row.bytes("digest"), try JSONDecoder().decode(VaultBatchAnswer.self, from: Data(plain)))
    }

    static func save(_ answer: VaultBatchAnswer, _ key: String, _ digest: [UInt8], _ work: VaultWork) throws {
        let now = work.milliseconds
        let sealed = try work.sealer.seal([UInt8](JSONEncoder().encode(answer)), row: name(key, work), .batch)
        try forgetExpired(at: now, work.db)
        try work.db.run(
            "INSERT INTO batch (caller, idempotency_key, digest, expires_at, sealed) VALUES (?, ?, ?, ?, ?)",
            [work.caller.identity, key, Data(digest), now + Int64(work.settings.limits.batchRetention) * 1000, Data(sealed)])
    }

    static func forgetExpired(at milliseconds: Int64, _ db: Database) throws {
        try db.run("DELETE FROM batch WHERE expires_at <= ?", [milliseconds])
    }

    private static func name(_ key: String, _ work: VaultWork) -> String { "\(work.caller.identity)\u{0}\(key)" }
}
