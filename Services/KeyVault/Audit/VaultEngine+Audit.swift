import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI
import ServiceKit

/// What operators read of the audit log.
extension VaultEngine {
    /// Recomputes the whole chain.
    public func verifyAuditChain() async throws(KeyVaultError) -> AuditChainVerdict {
        do {
            return try await scan { db in try AuditTable.verify(db) }
        } catch {
            throw KeyVaultError(mapping: error)
        }
    }

    /// `verifyAuditChain` for a caller.
    public func verifyAuditChain(_ caller: VaultCaller) async throws(KeyVaultError) -> AuditChainVerdict {
        try await perform(VaultCall(.readAuditLog, caller.identity), caller) { _ in try await verifyAuditChain() }
    }

    /// Lines after `sequence`, oldest first, at most `limit` (1 to 1000).
    public func auditRecords(after sequence: Int64, limit: Int, _ caller: VaultCaller) async throws(KeyVaultError) -> [AuditRecord] {
        try await perform(VaultCall(.readAuditLog, caller.identity), caller) { _ in
            try await scan { db in
                try Row.fetchAll(db, sql: "SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?", arguments: [sequence, min(max(limit, 1), 1000)])
                    .map { AuditTable.record($0).record }
            }
        }
    }

    /// The end of the log as it is now, signed, to be kept elsewhere.
    public func auditAnchor(_ caller: VaultCaller) async throws(KeyVaultError) -> AuditAnchor {
        try await transact(VaultCall(.anchorAuditLog, caller.identity), caller) { work, call in
            call.changesNothing = true
            guard let last = try AuditLog.last(work.db) else { throw KeyVaultError(.notFound, "the audit log is empty") }
            let at = WireDate.text(work.environment.now())
            let bytes = AuditAnchor.signedBytes(sequence: last.sequence, hash: last.hash, at: at)
            let key = try work.signingKey(.audit)
            return AuditAnchor(
                sequence: last.sequence, hash: HexBytes(last.hash), at: at, key: key.description, signature: HexBytes(try key.signature(of: bytes).derRepresentation()))
        }
    }
}
