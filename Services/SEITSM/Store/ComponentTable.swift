import Foundation
import GRDB

/// Queries of the inventory.
enum ComponentTable {
    static func find(_ id: String, _ db: Database) throws -> Component? {
        guard let document = try String.fetchOne(db, sql: "SELECT document FROM component WHERE id = ?", arguments: [id]) else { return nil }
        return try Document.value(document)
    }

    static func insert(_ component: Component, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO component (id, profile_id, document) VALUES (?, ?, ?)",
                       arguments: [component.id, component.profileId, try Document.text(component)])
    }

    static func update(_ component: Component, _ db: Database) throws {
        try db.execute(sql: "UPDATE component SET document = ? WHERE id = ?", arguments: [try Document.text(component), component.id])
    }

    /// Changes the present row, so that what others wrote meanwhile stays.
    static func change(_ id: String, _ db: Database, _ change: (inout Component) -> Void) throws {
        guard var component = try find(id, db) else { return }
        change(&component)
        try update(component, db)
    }

    static func page(after: String?, limit: Int, _ db: Database) throws -> [Component] {
        try String.fetchAll(db, sql: "SELECT document FROM component WHERE id > ? ORDER BY id LIMIT ?", arguments: [after ?? "", limit])
            .map { try Document.value($0) }
    }

    static func recordProof(component: String, spTsm: String, at: Date, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO proof (component_id, sp_tsm, at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at",
                       arguments: [component, spTsm, at.timeIntervalSince1970])
    }

    /// When the component proved itself to this SP TSM last; nil: never.
    static func lastProof(component: String, spTsm: String, _ db: Database) throws -> Date? {
        try Double.fetchOne(db, sql: "SELECT at FROM proof WHERE component_id = ? AND sp_tsm = ?", arguments: [component, spTsm])
            .map { Date(timeIntervalSince1970: $0) }
    }
}
