import Dispatch
import Foundation
import GRDB
import Logging
import ServiceKit
import Synchronization
import Testing

@Suite struct StoreTests {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func migrations(_ count: Int = 1) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 items") { db in
            try db.execute(sql: "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT")
            try db.execute(sql: "CREATE TABLE part (item INTEGER NOT NULL REFERENCES item(id)) STRICT")
        }
        if count > 1 {
            migrator.registerMigration("2 colour") { db in try db.execute(sql: "ALTER TABLE item ADD COLUMN colour TEXT") }
        }
        return migrator
    }

    private func open(_ directory: TemporaryDirectory, _ migrations: DatabaseMigrator = migrations(), maximumBatch: Int = 256) throws(StoreError) -> Store {
        try Store.open(directory: directory.path + "/store", migrations: migrations, maximumBatch: maximumBatch, logger: Self.logger)
    }

    private func names(_ store: Store) async throws -> [String] {
        try await store.read { try String.fetchAll($0, sql: "SELECT name FROM item ORDER BY id") }
    }

    @Test func isDurableStrictAndPrivate() async throws {
        let directory = try TemporaryDirectory()
        let store = try open(directory)
        let settings = try await store.write { db in
            (try Int.fetchOne(db, sql: "PRAGMA synchronous"), try String.fetchOne(db, sql: "PRAGMA journal_mode"), try Int.fetchOne(db, sql: "PRAGMA foreign_keys"))
        }
        #expect(settings.0 == 2 && settings.1 == "wal" && settings.2 == 1)
        await #expect(throws: DatabaseError.self) { try await store.write { try $0.execute(sql: "INSERT INTO part (item) VALUES (99)") } }
        let permissions = { (path: String) in (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue }
        #expect(try permissions(store.directory) == 0o700)
        #expect(try permissions(store.directory + "/store.sqlite") == 0o600)
        #expect(try permissions(store.directory + "/store.sqlite-wal") == 0o600)
        try await store.close()
    }

    @Test func keepsWhatWasWritten() async throws {
        let directory = try TemporaryDirectory()
        let first = try open(directory)
        try await first.write { try $0.execute(sql: "INSERT INTO item (name) VALUES ('a')") }
        try await first.close()
        try await first.close()
        let second = try open(directory, Self.migrations(2))
        #expect(try await names(second) == ["a"])
        try await second.close()
    }

    /// Scans that take their time, more of them than there are connections: look-ups find one free.
    @Test(.timeLimit(.minutes(1))) func scansLeaveConnectionsForLookUps() async throws {
        let directory = try TemporaryDirectory()
        let store = try open(directory)
        try await store.write { try $0.execute(sql: "INSERT INTO item (name) VALUES ('a')") }
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await store.scan { db in
                        _ = try String.fetchAll(db, sql: "SELECT name FROM item")
                        gate.pass()
                    }
                }
            }
            await gate.occupied(4)
            for _ in 0..<50 { #expect(try await names(store) == ["a"]) }
            #expect(gate.most == 4)
            gate.open()
            try await group.waitForAll()
        }
        #expect(gate.most == 4)
        try await store.close()
    }

    /// Holds threads until it is opened; a store's own, never those of tasks.
    private final class Gate: Sendable {
        private struct State {
            var isOpen = false
            var inside = 0
            var most = 0
            var watcher: (count: Int, continuation: CheckedContinuation<Void, Never>)?
        }
        private let state = Mutex(State())
        private let opened = DispatchSemaphore(value: 0)

        var most: Int { state.withLock { $0.most } }

        func pass() {
            let (waits, watcher) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
                state.inside += 1
                state.most = max(state.most, state.inside)
                var found: CheckedContinuation<Void, Never>?
                if let watcher = state.watcher, state.inside >= watcher.count {
                    found = watcher.continuation
                    state.watcher = nil
                }
                return (!state.isOpen, found)
            }
            watcher?.resume()
            if waits {
                opened.wait()
                opened.signal()
            }
            state.withLock { $0.inside -= 1 }
        }

        func occupied(_ count: Int) async {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.inside < count { state.watcher = (count, continuation) }
                    return state.inside >= count
                }
                if isThere { continuation.resume() }
            }
        }

        func open() {
            state.withLock { $0.isOpen = true }
            opened.signal()
        }
    }

    @Test func aNewerStoreIsRefused() async throws {
        let directory = try TemporaryDirectory()
        try await open(directory, Self.migrations(2)).close()
        #expect(#expect(throws: StoreError.self) { try open(directory, Self.migrations(1)) }?.code == .newerVersion)
        // Refusing left it usable.
        try await open(directory, Self.migrations(2)).close()
    }

    @Test func aFailedMigrationChangesNothing() async throws {
        let directory = try TemporaryDirectory()
        try await open(directory).close()
        var broken = Self.migrations()
        broken.registerMigration("2 broken") { db in
            try db.execute(sql: "ALTER TABLE item ADD COLUMN x TEXT")
            try db.execute(sql: "SELECT nonsense")
        }
        #expect(#expect(throws: StoreError.self) { try open(directory, broken) }?.code == .migrationFailed)
        let store = try open(directory)
        #expect(try await store.read { try $0.columns(in: "item").count } == 2)
        try await store.close()
    }

    @Test func aSecondOpeningIsRefused() async throws {
        let directory = try TemporaryDirectory()
        let store = try open(directory)
        let error = #expect(throws: StoreError.self) { try open(directory) }
        #expect(error?.code == .locked)
        #expect(error?.reason.contains("\(ProcessInfo.processInfo.processIdentifier)") == true)
        try await store.close()
        try await open(directory).close()
    }

    @Test func damageIsFoundAfterAnUncleanStop() async throws {
        let directory = try TemporaryDirectory()
        let store = try open(directory)
        try await store.write { db in
            for index in 0..<2000 { try db.execute(sql: "INSERT INTO item (name) VALUES (?)", arguments: ["item number \(index) with a name of some length"]) }
        }
        try await store.close()
        let marker = directory.path + "/store/clean"
        #expect(FileManager.default.fileExists(atPath: marker))

        // A page in the middle overwritten, and no clean marker: as after a crash on a bad disk.
        let file = directory.path + "/store/store.sqlite"
        let handle = try #require(FileHandle(forUpdatingAtPath: file))
        try handle.seek(toOffset: 4096 * 10)
        try handle.write(contentsOf: [UInt8](repeating: 0xA5, count: 4096 * 4))
        try handle.close()
        try FileManager.default.removeItem(atPath: marker)
        #expect(#expect(throws: StoreError.self) { try open(directory) }?.code == .corrupt)
    }

    @Test func anUncleanStopAloneIsNoError() async throws {
        let directory = try TemporaryDirectory()
        let store = try open(directory)
        try await store.write { try $0.execute(sql: "INSERT INTO item (name) VALUES ('a')") }
        // What a killed process leaves: files as they are, no marker.
        let copy = directory.path + "/copy"
        try FileManager.default.copyItem(atPath: store.directory, toPath: copy)
        #expect(!FileManager.default.fileExists(atPath: copy + "/clean"))
        let recovered = try Store.open(directory: copy, migrations: Self.migrations(), logger: Self.logger)
        #expect(try await names(recovered) == ["a"])
        try await recovered.close()
        try await store.close()
    }

    @Test func rubbishIsNoStore() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/store", withIntermediateDirectories: true)
        _ = try directory.file("store/store.sqlite", String(repeating: "this is no database ", count: 500))
        #expect(throws: StoreError.self) { try open(directory) }
        #expect(#expect(throws: StoreError.self) { try Store.open(directory: "/proc/nothing/here", migrations: Self.migrations(), logger: Self.logger) }?.code == .directoryUnusable)
    }

    @Test func backupOfARunningStore() async throws {
        let directory = try TemporaryDirectory()
        let store = try open(directory)
        try await store.write { try $0.execute(sql: "INSERT INTO item (name) VALUES ('a')") }
        let path = directory.path + "/backup.sqlite"
        try await store.backup(toFile: path)
        #expect(try await DatabaseQueue(path: path).read { try String.fetchAll($0, sql: "SELECT name FROM item") } == ["a"])
        await #expect(throws: StoreError.self) { try await store.backup(toFile: path) }
        try await store.close()
    }
}
