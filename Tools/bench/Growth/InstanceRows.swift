import Foundation
import GRDB

/// Rows of service instances in the handset plane's store, made there directly: copies of a real one, each on a component of its own. The service is
/// stopped meanwhile, since nobody else opens its store.
struct InstanceRows {
    static let plane = "sp-tsm-handset"

    let testbed: RunningTestbed
    let workplace: Workplace

    /// - Returns: the testbed with the service started again, and the instances that its store has then.
    func fill(upTo count: Int) async throws -> (testbed: RunningTestbed, instances: Int) {
        let process = try testbed.file.process(Self.plane)
        try await ProcessEnd.stop(process.pid, name: process.name)
        let stores = FileManager.default.enumerator(atPath: (process.configuration as NSString).deletingLastPathComponent)?.compactMap { $0 as? String } ?? []
        guard let store = stores.first(where: { $0.hasSuffix("store.sqlite") }) else { throw BenchFailure("\(process.name) has no store beside its configuration") }
        let queue = try DatabaseQueue(path: (process.configuration as NSString).deletingLastPathComponent + "/" + store)
        let instances = try await queue.write { try Self.fill($0, upTo: count) }
        try queue.close()
        return (try await testbed.restarting(Self.plane, adding: "", workplace), instances)
    }

    private static func fill(_ db: Database, upTo count: Int) throws -> Int {
        let there = try Int.fetchOne(db, sql: "SELECT count(*) FROM instance") ?? 0
        guard let instance = try Row.fetchOne(db, sql: "SELECT * FROM instance LIMIT 1"), let component = try Row.fetchOne(db, sql: "SELECT * FROM component WHERE id = ?", arguments: [instance["component_id"] as String]) else {
            throw BenchFailure("the store has no instance that could be copied")
        }
        let (instanceId, componentId, claim): (String, String, String) = (instance["id"], component["id"], component["claim_key"])
        for number in there..<max(there, count) {
            let names = [(instanceId, UUID().uuidString.lowercased()), (componentId, "\(componentId)-\(number)"), (claim, "\(claim)-\(number)")]
            try copy(component, into: "component", names, db)
            try copy(instance, into: "instance", names, db)
        }
        return max(there, count)
    }

    /// All columns, whatever there are, with other names in every text.
    private static func copy(_ row: Row, into table: String, _ names: [(old: String, new: String)], _ db: Database) throws {
        let values: [DatabaseValue] = row.map { _, value in
            guard case .string(let text) = value.storage else { return value }
            // The longer first: one name may be part of another.
            return names.sorted { $0.old.count > $1.old.count }.reduce(text) { text, name in text.replacingOccurrences(of: name.old, with: name.new) }.databaseValue
        }
        let statement = try db.cachedStatement(sql: "INSERT INTO \(table) (\(row.columnNames.joined(separator: ", "))) VALUES (\(values.map { _ in "?" }.joined(separator: ", ")))")
        try statement.execute(arguments: StatementArguments(values))
    }
}

/// The end of a process that another one started.
enum ProcessEnd {
    /// - Throws: ``BenchFailure`` when it goes on all the same.
    static func stop(_ pid: Int32, name: String, within limit: Duration = .seconds(20)) async throws {
        kill(pid, SIGTERM)
        let deadline = ContinuousClock.now + limit
        while isRunning(pid) {
            guard ContinuousClock.now < deadline else { throw BenchFailure("\(name) does not end") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func isRunning(_ pid: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let close = text.lastIndex(of: ")") else { return false }
        // One that has ended and that nobody has asked about yet.
        return text[text.index(after: close)...].split(separator: " ").first != "Z"
    }
}
