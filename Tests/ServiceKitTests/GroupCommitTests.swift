import Foundation
import GRDB
@testable import ServiceKit
import Testing

@Suite struct GroupCommitTests {
    struct Refused: Error, Equatable { let index: Int }

    private func store(_ directory: TemporaryDirectory, maximumBatch: Int = 256) throws -> Store {
        try Store.open(directory: directory.path + "/store", migrations: StoreTests.migrations(), maximumBatch: maximumBatch, logger: StoreTests.logger)
    }

    @Test func concurrentWritesShareCommits() async throws {
        let directory = try TemporaryDirectory()
        let store = try store(directory)
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for index in 0..<1000 {
                group.addTask {
                    try await store.write { db in
                        try db.execute(sql: "INSERT INTO item (name) VALUES (?)", arguments: ["\(index)"])
                        return db.lastInsertedRowID
                    }
                }
            }
            var ids: Set<Int64> = []
            for try await id in group { ids.insert(id) }
            #expect(ids.count == 1000)
        }
        let statistics = store.statistics
        #expect(statistics.writes == 1000)
        // At best four batches of 256; on a busy machine a few more. One commit a write would be 1000.
        #expect(statistics.commits < 200, "\(statistics.commits) commits")
        #expect(try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM item") } == 1000)
        try await store.close()
    }

    @Test func oneFailureTakesBackItsOwnChangesOnly() async throws {
        let directory = try TemporaryDirectory()
        let store = try store(directory)
        let outcomes = await withTaskGroup(of: (Int, Bool).self) { group in
            for index in 0..<200 {
                group.addTask {
                    do {
                        try await store.write { db in
                            try db.execute(sql: "INSERT INTO item (name) VALUES (?)", arguments: ["\(index)"])
                            if index.isMultiple(of: 10) { throw Refused(index: index) }
                        }
                        return (index, true)
                    } catch {
                        return (index, (error as? Refused) != Refused(index: index))
                    }
                }
            }
            return await group.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
        }
        for index in 0..<200 { #expect(outcomes[index] == !index.isMultiple(of: 10)) }
        let names = try await store.read { try Set(String.fetchAll($0, sql: "SELECT name FROM item")) }
        #expect(names == Set((0..<200).filter { !$0.isMultiple(of: 10) }.map(String.init)))
        #expect(store.statistics.writes == 180)
        try await store.close()
    }

    @Test func aConstraintViolationIsItsCallersOnly() async throws {
        let directory = try TemporaryDirectory()
        let store = try store(directory)
        async let first: Void = store.write { try $0.execute(sql: "INSERT INTO item (id, name) VALUES (1, 'same')") }
        async let second: Void = store.write { try $0.execute(sql: "INSERT INTO item (id, name) VALUES (2, 'other')") }
        _ = try await (first, second)
        await #expect(throws: DatabaseError.self) { try await store.write { try $0.execute(sql: "INSERT INTO item (name) VALUES ('same')") } }
        #expect(try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM item") } == 2)
        try await store.close()
    }

    @Test func orderIsKept() async throws {
        let directory = try TemporaryDirectory()
        let store = try store(directory, maximumBatch: 3)
        // The first write holds the writer until the others are queued, one after the other.
        let gate = DispatchSemaphore(value: 0)
        let held = Task { try await store.write { _ in gate.wait() } }
        while !(store.writer.isRunning && store.writer.waitingCount == 0) { await Task.yield() }
        var tasks: [Task<Void, any Error>] = []
        for index in 0..<20 {
            let waiting = store.writer.waitingCount
            tasks.append(Task { try await store.write { try $0.execute(sql: "INSERT INTO item (id, name) VALUES ((SELECT ifnull(max(id), 0) + 1 FROM item), ?)", arguments: ["\(index)"]) } })
            while store.writer.waitingCount == waiting { await Task.yield() }
        }
        gate.signal()
        try await held.value
        for task in tasks { try await task.value }
        #expect(try await store.read { try String.fetchAll($0, sql: "SELECT name FROM item ORDER BY id") } == (0..<20).map(String.init))
        // The held one alone, then batches of at most three.
        #expect(store.statistics.commits == 8)
        try await store.close()
    }

    @Test func aFullDiskFailsEveryWriteOfTheBatch() async throws {
        let directory = try TemporaryDirectory()
        let store = try store(directory)
        try await store.write { db in
            try db.execute(sql: "INSERT INTO item (name) VALUES ('before')")
        }
        // The page limit stands for the disk: SQLITE_FULL.
        try await store.write { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(pages + 1)")
        }
        await #expect(throws: (any Error).self) {
            try await store.write { db in
                for index in 0..<500 { try db.execute(sql: "INSERT INTO item (name) VALUES (?)", arguments: ["\(index) " + String(repeating: "x", count: 500)]) }
            }
        }
        #expect(try await store.read { try String.fetchAll($0, sql: "SELECT name FROM item") } == ["before"])
        // And goes on when there is room again.
        try await store.write { db in
            try db.execute(sql: "PRAGMA max_page_count = 1000000")
            try db.execute(sql: "INSERT INTO item (name) VALUES ('after')")
        }
        #expect(try await store.read { try String.fetchAll($0, sql: "SELECT name FROM item ORDER BY id") } == ["before", "after"])
        try await store.close()
    }

    @Test func acknowledgedMeansCommitted() async throws {
        let directory = try TemporaryDirectory()
        let store = try store(directory)
        try await store.write { try $0.execute(sql: "INSERT INTO item (name) VALUES ('a')") }
        // Another connection sees it: it is in the file, not in the writer's transaction.
        let other = try DatabaseQueue(path: store.directory + "/store.sqlite")
        #expect(try await other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM item") } == 1)
        try other.close()
        try await store.close()
    }

    @Test func nothingIsWrittenAfterClosing() async throws {
        let directory = try TemporaryDirectory()
        let store = try store(directory)
        async let writes: Void = withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<50 {
                group.addTask { try await store.write { try $0.execute(sql: "INSERT INTO item (name) VALUES (?)", arguments: ["\(index)"]) } }
            }
            try await group.waitForAll()
        }
        try await writes
        try await store.close()
        let error = await #expect(throws: StoreError.self) { try await store.write { try $0.execute(sql: "INSERT INTO item (name) VALUES ('late')") } }
        #expect(error?.code == .closed)
        let again = try self.store(directory)
        #expect(try await again.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM item") } == 50)
        try await again.close()
    }
}
