import Foundation
import GRDB
import Identity
import Logging

/// A service's own database: one directory, one process, one writer, everything acknowledged is on the disk.
///
/// SQLite in WAL mode with `synchronous=FULL` and foreign keys on; tables are declared STRICT by convention. Writes of
/// concurrent tasks share commits (``write(_:)``). Nothing else may open the directory.
public final class Store: Sendable {
    static let fileName = "store.sqlite"

    public let directory: String
    /// For reading. Writing goes through ``write(_:)``.
    private let pool: DatabasePool
    let writer: GroupCommitWriter
    private let lock: StoreLock
    private let cleanMarker: CleanMarker
    /// Scans take half of the connections at most: a look-up finds one free whatever they do, and its event loop does not wait.
    private let scans = Turnstile(Store.readers / 2)
    private static let readers = 8

    private init(directory: String, pool: DatabasePool, writer: GroupCommitWriter, lock: StoreLock, cleanMarker: CleanMarker) {
        self.directory = directory
        self.pool = pool
        self.writer = writer
        self.lock = lock
        self.cleanMarker = cleanMarker
    }

    /// Opens the store of a directory, which is made if it does not exist (mode 0700).
    /// - Parameters:
    ///   - migrations: all migrations since the first version, in order; what is missing is applied.
    ///   - maximumBatch: most writes that share one commit.
    /// - Throws: ``StoreError``.
    public static func open(directory: String, migrations: DatabaseMigrator, maximumBatch: Int = 256, logger: Logger) throws(StoreError) -> Store {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreError(.directoryUnusable, "\(directory) cannot be made: \(error.localizedDescription)")
        }
        let lock = try StoreLock(directory: directory)
        let path = directory + "/" + fileName
        let marker = CleanMarker(directory: directory)
        let isNew = !FileManager.default.fileExists(atPath: path)
        let wasClean = isNew || marker.isPresent
        let pool = try openPool(path)
        do throws(StoreError) {
            try requireDurable(pool)
            if !wasClean {
                logger.warning("the store was not closed cleanly: checking its integrity", metadata: ["directory": "\(directory)"])
                try checkIntegrity(pool, path)
            }
            try migrate(pool, migrations, path)
            // From here on the store may change: the marker goes before the first write does.
            try marker.remove()
        } catch {
            try? pool.close()
            lock.release()
            throw error
        }
        return Store(directory: directory, pool: pool, writer: GroupCommitWriter(pool: pool, maximumBatch: maximumBatch), lock: lock, cleanMarker: marker)
    }

    /// Runs a change, durably: when this returns, the change survives a power cut.
    ///
    /// Changes of concurrent tasks are run one after the other in the order of the calls and share a commit. A closure
    /// that throws takes back its own changes only, and its error comes out here. The closure may run on any thread, must not block
    /// and is not interrupted by cancellation of the calling task.
    /// - Throws: what the closure throws, or ``StoreError`` `rolledBack`, `closed`.
    public func write<Value: Sendable>(_ change: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await writer.write(change)
    }

    /// Reads a consistent snapshot, beside any writer, on the caller's thread: a look-up takes some ten microseconds, waking another thread for it
    /// takes longer. What walks over many rows is a ``scan(_:)``.
    /// - Throws: what the closure throws, or a database error.
    public func read<Value: Sendable>(_ query: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try readHere(query)
    }

    private func readHere<Value>(_ query: (Database) throws -> Value) throws -> Value { try pool.read(query) }

    /// Reads a consistent snapshot on a thread of the store's, for queries that take their time. A few run at once, the others wait their turn.
    /// - Throws: what the closure throws, or a database error.
    public func scan<Value: Sendable>(_ query: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await scans.pass { try await pool.read(query) }
    }

    /// How many changes were written and in how many commits.
    public var statistics: GroupCommitWriter.Statistics { writer.statistics }

    /// Copies a consistent state of the running store into a new file, for backups.
    /// - Throws: ``StoreError`` `directoryUnusable` when the file exists, or a database error.
    public func backup(toFile path: String) async throws {
        guard !FileManager.default.fileExists(atPath: path) else { throw StoreError(.directoryUnusable, "\(path) exists: a backup never overwrites") }
        let pool = pool
        try await Task.detached {
            let target = try DatabaseQueue(path: path)
            try pool.backup(to: target)
            try target.close()
        }.value
    }

    /// Waits for the writes that were accepted, closes the files and notes that nothing was left over. Later calls do nothing.
    /// - Throws: a database error; the next start will then check the store's integrity.
    public func close() async throws {
        guard await writer.close() else { return }
        try await pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        try pool.close()
        try cleanMarker.write()
        lock.release()
    }

    private static func openPool(_ path: String) throws(StoreError) -> DatabasePool {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = readers
        configuration.label = "store"
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            // The journal holds personal data and wrapped keys; the files are this user's alone.
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path + suffix)
            }
            return pool
        } catch {
            throw StoreError(.openFailed, "\(path) cannot be opened: \(error)")
        }
    }

    /// GRDB's WAL set-up lowers the writer to NORMAL after opening, so FULL is set here and read back.
    private static func requireDurable(_ pool: DatabasePool) throws(StoreError) {
        let level: Int?
        let mode: String?
        do {
            (level, mode) = try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                return (try Int.fetchOne(db, sql: "PRAGMA synchronous"), try String.fetchOne(db, sql: "PRAGMA journal_mode"))
            }
        } catch {
            throw StoreError(.notDurable, "synchronous=FULL could not be set: \(error)")
        }
        guard level == 2, mode == "wal" else {
            throw StoreError(.notDurable, "synchronous is \(level.map(String.init) ?? "unknown") and journal_mode \(mode ?? "unknown"); FULL (2) and wal are needed")
        }
    }

    private static func checkIntegrity(_ pool: DatabasePool, _ path: String) throws(StoreError) {
        let findings: [String]
        do {
            findings = try pool.writeWithoutTransaction { db in try String.fetchAll(db, sql: "PRAGMA integrity_check(10)") }
        } catch {
            throw StoreError(.corrupt, "\(path): the integrity check could not run: \(error); restore a backup")
        }
        guard findings == ["ok"] else {
            throw StoreError(.corrupt, "\(path): \(findings.joined(separator: "; ")); restore a backup")
        }
    }

    private static func migrate(_ pool: DatabasePool, _ migrations: DatabaseMigrator, _ path: String) throws(StoreError) {
        let superseded: Bool
        do {
            superseded = try pool.read(migrations.hasBeenSuperseded)
        } catch {
            throw StoreError(.openFailed, "\(path): its version cannot be read: \(error)")
        }
        guard !superseded else {
            throw StoreError(.newerVersion, "\(path) was written by a newer version of this program (or by another one); start that version, or restore a backup")
        }
        do {
            try migrations.migrate(pool)
        } catch {
            throw StoreError(.migrationFailed, "\(path): a migration failed, the store is as it was before it: \(error)")
        }
    }
}
