import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI

/// What a walk along the audit log found.
public struct AuditChainVerdict: Codable, Sendable, Hashable {
    /// Lines that are in order, from the first on.
    public var intactLines: Int
    /// Number of the first line that is altered, missing or out of place; nil when the whole log is intact.
    public var brokenAt: Int64?
    /// Hash of the last intact line: written down elsewhere, it shows whether lines were cut off at the end.
    public var head: HexBytes
}

/// A line with its number, as the operator reads it.
public struct AuditRecord: Codable, Sendable, Hashable {
    public var sequence: Int64
    public var line: AuditLine
    public var hash: HexBytes
}

extension VaultEngine {
    /// Recomputes the whole chain.
    public func verifyAuditChain() async throws(KeyVaultError) -> AuditChainVerdict {
        do {
            return try await scan { db in
                var verdict = AuditChainVerdict(intactLines: 0, brokenAt: nil, head: HexBytes(AuditLog.origin))
                let rows = try Row.fetchCursor(db, sql: "SELECT * FROM audit ORDER BY sequence")
                while let row = try rows.next() {
                    let record = AuditRecord(row)
                    let expected = Int64(verdict.intactLines) + 1
                    let hash = try AuditLog.hash(record.line, sequence: expected, previous: verdict.head.bytes)
                    guard record.sequence == expected, row.bytes("previous") == verdict.head.bytes, record.hash.bytes == hash else {
                        verdict.brokenAt = expected
                        return verdict
                    }
                    verdict.intactLines += 1
                    verdict.head = record.hash
                }
                return verdict
            }
        } catch {
            throw KeyVaultError(mapping: error)
        }
    }

    /// `verifyAuditChain` for a caller.
    public func verifyAuditChain(_ caller: VaultCaller) async throws(KeyVaultError) -> AuditChainVerdict {
        try await perform(VaultCall(.readAuditLog, caller.identity), caller) { _, _ in try await verifyAuditChain() }
    }

    /// Lines after `sequence`, oldest first, at most `limit` (1 to 1000).
    public func auditRecords(after sequence: Int64, limit: Int, _ caller: VaultCaller) async throws(KeyVaultError) -> [AuditRecord] {
        try await perform(VaultCall(.readAuditLog, caller.identity), caller) { _, _ in
            try await scan { db in
                try Row.fetchAll(db, sql: "SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?", arguments: [sequence, min(max(limit, 1), 1000)])
                    .map(AuditRecord.init)
            }
        }
    }
}

extension AuditRecord {
    fileprivate init(_ row: Row) {
        self.init(
            sequence: row["sequence"],
            line: AuditLine(
                at: row["at"], operation: row["operation"], caller: row["caller"], process: row["process"], keys: row["keys"],
                outcome: row["outcome"], detail: row["detail"]),
            hash: HexBytes(row.bytes("hash")))
    }
}
