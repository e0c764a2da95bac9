import Foundation
import GRDB
import GlobalPlatform

/// The table `audit` of a vault's store, read by the vault itself or, from a copy or beside the running vault, by an auditor.
public enum AuditTable {
    /// A row as a record, and what it says of the row before it.
    public static func record(_ row: Row) -> (record: AuditRecord, previous: [UInt8]) {
        let previous: Data = row["previous"]
        let hash: Data = row["hash"]
        return (
            AuditRecord(
                sequence: row["sequence"],
                line: AuditLine(
                    at: row["at"], operation: row["operation"], caller: row["caller"], process: row["process"], keys: row["keys"], outcome: row["outcome"],
                    detail: row["detail"]),
                hash: HexBytes(hash)),
            [UInt8](previous))
    }

    /// Walks along the whole table.
    public static func verify(_ db: Database, anchors: [AuditAnchor] = []) throws -> AuditChainVerdict {
        var chain = AuditChain(anchors: anchors)
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM audit ORDER BY sequence")
        while let row = try rows.next() {
            let (record, previous) = record(row)
            guard try chain.take(record, previous: previous) else { break }
        }
        return chain.end()
    }
}

/// An audit log outside of the vault that wrote it.
public enum AuditCopy: Sendable, Hashable {
    /// A vault's store: `store.sqlite`, or the directory with it. It is read only; the vault may be running.
    case store(String)
    /// One record a line, JSON.
    case export(String)

    /// - Throws: ``KeyVaultError`` `notFound` when there is nothing to read.
    public func verify(anchors: [AuditAnchor]) throws -> AuditChainVerdict {
        switch self {
        case .store(let path):
            return try Self.reading(path) { db in try AuditTable.verify(db, anchors: anchors) }
        case .export(let path):
            var chain = AuditChain(anchors: anchors)
            let decoder = JSONDecoder()
            for line in try Self.text(path).split(separator: "\n") {
                guard let record = try? decoder.decode(AuditRecord.self, from: Data(line.utf8)) else {
                    chain.unreadable("it is no line of an audit log")
                    break
                }
                guard try chain.take(record) else { break }
            }
            return chain.end()
        }
    }

    /// Every record in order, from the first.
    public func forEach(_ body: (AuditRecord) throws -> Void) throws {
        switch self {
        case .store(let path):
            try Self.reading(path) { db in
                let rows = try Row.fetchCursor(db, sql: "SELECT * FROM audit ORDER BY sequence")
                while let row = try rows.next() { try body(AuditTable.record(row).record) }
            }
        case .export(let path):
            for line in try Self.text(path).split(separator: "\n") { try body(try JSONDecoder().decode(AuditRecord.self, from: Data(line.utf8))) }
        }
    }

    private static func text(_ path: String) throws(KeyVaultError) -> String {
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
            throw KeyVaultError(.notFound, "\(path) cannot be read as text")
        }
        return text
    }

    private static func reading<Value>(_ path: String, _ body: (Database) throws -> Value) throws -> Value {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { throw KeyVaultError(.notFound, "there is nothing at \(path)") }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        let queue = try DatabaseQueue(path: isDirectory.boolValue ? path + "/store.sqlite" : path, configuration: configuration)
        let result = Result { try queue.read(body) }
        try queue.close()
        return try result.get()
    }
}
