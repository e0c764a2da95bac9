import Foundation
import GRDB
import GlobalPlatform

/// Copies of a vault's store: taken while the vault runs, put back while it does not. What is secret in them is sealed under the root key, which is not
/// part of the copy.
public enum StoreBackup {
    /// What a copy is a copy of.
    public struct Summary: Codable, Sendable, Hashable {
        /// Number and hash of the audit log's last line in it.
        public var auditLines: Int
        public var auditHead: HexBytes
        public var keySets: Int
        public var namedKeys: Int

        public init(auditLines: Int, auditHead: HexBytes, keySets: Int, namedKeys: Int) {
            self.auditLines = auditLines
            self.auditHead = auditHead
            self.keySets = keySets
            self.namedKeys = namedKeys
        }
    }

    /// What a vault no longer knows after an older copy was put in the place of its store.
    public struct Loss: Codable, Sendable, Hashable {
        public var auditLines: Int
        /// IDs of key sets that only the replaced store has: the security domains that hold them can only be removed through their issuers.
        public var keySets: [String]
        public var namedKeys: [String]

        public init(auditLines: Int, keySets: [String], namedKeys: [String]) {
            self.auditLines = auditLines
            self.keySets = keySets
            self.namedKeys = namedKeys
        }
    }

    /// Name in the table `vault` of what the vault is to write into its log at its next start.
    public static let restoredName = "restored"

    /// A consistent copy of a store; the vault may be running.
    /// - Throws: ``KeyVaultError`` `wrongState` when the target is there: nothing is overwritten; `invalidRequest` when the copy is not in order.
    public static func take(fromStore directory: String, to path: String) throws -> Summary {
        try requireFree(path)
        let source = try open(directory + "/store.sqlite", readonly: true)
        // Made with its mode before anything is in it.
        guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
            throw KeyVaultError(.wrongState, "\(path) cannot be made")
        }
        do {
            let target = try open(path, readonly: false)
            try source.backup(to: target)
            // One file, without companions.
            try target.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA journal_mode = DELETE") }
            let summary = try summary(target)
            try target.close()
            try source.close()
            try flush(path)
            return summary
        } catch {
            // The copy that is not one must not be taken for one; if it cannot be removed the error says where it is.
            try? FileManager.default.removeItem(atPath: path)
            throw error
        }
    }

    /// Checks a copy: its integrity and the chain of its audit log.
    public static func check(_ path: String) throws -> Summary {
        let copy = try open(path, readonly: true)
        let result = Result { try summary(copy) }
        try copy.close()
        return try result.get()
    }

    /// Puts a copy in the place of a store. The replaced store, if there is one, is kept beside it.
    /// - Parameter at: time that the replaced store's name and the audit log get, UTC.
    /// - Returns: the copy's summary, and what is lost against the replaced store.
    /// - Throws: ``KeyVaultError`` `wrongState` while a process has the store open.
    public static func restore(from path: String, toStore directory: String, at: String) throws -> (summary: Summary, loss: Loss?) {
        let summary = try check(path)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let lock = Foundation.open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, mode_t(0o600))
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            if lock >= 0 { close(lock) }
            throw KeyVaultError(.wrongState, "\(directory) is in use: stop the vault first")
        }
        defer {
            flock(lock, LOCK_UN)
            close(lock)
        }
        let store = directory + "/store.sqlite"
        let incoming = store + ".incoming"
        if FileManager.default.fileExists(atPath: incoming) { try FileManager.default.removeItem(atPath: incoming) }
        try FileManager.default.copyItem(atPath: path, toPath: incoming)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: incoming)
        let prepared = try open(incoming, readonly: false)
        try prepared.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
            try db.execute(
                sql: "INSERT INTO vault (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                arguments: [restoredName, Data("a copy with \(summary.auditLines) lines took the place of the store at \(at)".utf8)])
        }
        try prepared.close()
        try flush(incoming)
        var loss: Loss?
        if FileManager.default.fileExists(atPath: store) {
            loss = try Self.loss(from: store, to: path)
            let kept = store + ".replaced-\(at.filter { $0.isNumber })"
            try requireFree(kept)
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: store + suffix) {
                try FileManager.default.moveItem(atPath: store + suffix, toPath: kept + suffix)
            }
        }
        guard rename(incoming, store) == 0 else { throw KeyVaultError(.wrongState, "\(incoming) cannot be moved to \(store): \(String(cString: strerror(errno)))") }
        // Without the mark of an orderly stop the next start checks the store's integrity.
        if FileManager.default.fileExists(atPath: directory + "/clean") { try FileManager.default.removeItem(atPath: directory + "/clean") }
        try flush(directory)
        return (summary, loss)
    }

    private static func loss(from store: String, to copy: String) throws -> Loss? {
        let (one, two) = (try open(store, readonly: false), try open(copy, readonly: true))
        defer {
            // Both were read only; nothing is lost when closing fails.
            try? one.close()
            try? two.close()
        }
        func names(_ queue: DatabaseQueue, _ sql: String) throws -> Set<String> { try queue.read { db in try String.fetchSet(db, sql: sql) } }
        func count(_ queue: DatabaseQueue) throws -> Int { try queue.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM audit") ?? 0 } }
        let sets = "SELECT id FROM key_set WHERE state <> 'destroyed'"
        return Loss(
            auditLines: max(0, try count(one) - count(two)), keySets: try names(one, sets).subtracting(names(two, sets)).sorted(),
            namedKeys: try names(one, "SELECT name FROM named_key").subtracting(names(two, "SELECT name FROM named_key")).sorted())
    }

    private static func summary(_ queue: DatabaseQueue) throws -> Summary {
        try queue.read { db in
            let findings = try String.fetchAll(db, sql: "PRAGMA integrity_check(10)")
            guard findings == ["ok"] else { throw KeyVaultError(.invalidRequest, "the copy is damaged: \(findings.joined(separator: "; "))") }
            let verdict = try AuditTable.verify(db)
            if let line = verdict.brokenAt { throw KeyVaultError(.invalidRequest, "the copy's audit log is broken at line \(line): \(verdict.reason ?? "")") }
            return Summary(
                auditLines: verdict.intactLines, auditHead: verdict.head, keySets: try Int.fetchOne(db, sql: "SELECT count(*) FROM key_set") ?? 0,
                namedKeys: try Int.fetchOne(db, sql: "SELECT count(*) FROM named_key") ?? 0)
        }
    }

    private static func open(_ path: String, readonly: Bool) throws -> DatabaseQueue {
        guard FileManager.default.fileExists(atPath: path) else { throw KeyVaultError(.notFound, "there is nothing at \(path)") }
        var configuration = Configuration()
        configuration.readonly = readonly
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func requireFree(_ path: String) throws(KeyVaultError) {
        guard !FileManager.default.fileExists(atPath: path) else { throw KeyVaultError(.wrongState, "\(path) is there already: nothing is overwritten") }
    }

    private static func flush(_ path: String) throws(KeyVaultError) {
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw KeyVaultError(.wrongState, "\(path) cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw KeyVaultError(.wrongState, "\(path) cannot be written: \(String(cString: strerror(errno)))") }
    }
}
