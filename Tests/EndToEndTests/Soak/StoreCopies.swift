import Foundation
import GRDB
import Testing

/// Stores as their processes left them when they were killed, opened as SQLite itself recovers them.
struct StoreCopies {
    private let copies = try? TemporaryDirectory()

    /// - Returns: by process; those without a store are left out.
    func take(_ testbed: RunningTestbed, _ names: [String]) throws -> [String: DatabaseQueue] {
        let copies = try #require(copies)
        var queues: [String: DatabaseQueue] = [:]
        for name in names {
            let data = testbed.directory(of: try testbed.process(name)) + "/data"
            guard FileManager.default.fileExists(atPath: data) else {
                #expect(name.hasPrefix("gateway"), "\(name) has no store")
                continue
            }
            try FileManager.default.copyItem(atPath: data, toPath: "\(copies.path)/\(name)")
            let stores = try FileManager.default.contentsOfDirectory(atPath: "\(copies.path)/\(name)").filter { $0.hasSuffix(".sqlite") }
            try #require(stores.count == 1, "\(name)'s store is not where it is looked for: \(stores)")
            queues[name] = try DatabaseQueue(path: "\(copies.path)/\(name)/\(stores[0])")
        }
        return queues
    }

    /// The store of a running process, for reading.
    static func live(_ testbed: RunningTestbed, _ name: String) throws -> DatabaseQueue {
        let data = testbed.directory(of: try testbed.process(name)) + "/data"
        let file = try #require(try FileManager.default.contentsOfDirectory(atPath: data).first { $0.hasSuffix(".sqlite") }, "\(name) has no store")
        var configuration = Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: "\(data)/\(file)", configuration: configuration)
    }

    static func check(_ name: String, _ queue: DatabaseQueue) throws {
        let (integrity, foreign) = try queue.read { db in (try String.fetchAll(db, sql: "PRAGMA integrity_check"), try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count) }
        #expect(integrity == ["ok"] && foreign == 0, "\(name): \(integrity), \(foreign) rows refer to none")
    }
}
