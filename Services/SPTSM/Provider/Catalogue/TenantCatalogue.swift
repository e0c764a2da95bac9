import Foundation
import GlobalPlatform
import GRDB
import TrustedServiceModel

/// One transaction on one service provider's part of the catalogue. Every query is by owner: what belongs to somebody else does not exist here.
struct TenantCatalogue {
    let db: Database
    let owner: String
    let changes: ChangeLog
    let environment: OperationEnvironment

    /// - Throws: ``GeneralError`` 1009.
    func find<Entity: StoredEntity>(_ type: Entity.Type, _ id: String) throws -> Entity {
        // SQLite would end the text at U+0000 and find what stands before it.
        guard !id.utf8.contains(0), let document = try String.fetchOne(db, sql: "SELECT document FROM \(Entity.table) WHERE id = ? AND owner = ?", arguments: [id, owner]) else {
            throw GeneralError.notExisting(Entity.entityName, id: id)
        }
        return try StoredDocument.decode(document)
    }

    /// In creation order.
    func list<Entity: StoredEntity>(_ type: Entity.Type) throws -> [Entity] {
        try select(type, where: "TRUE")
    }

    /// In creation order.
    /// - Parameter condition: SQL over the entity's table `e`.
    func select<Entity: StoredEntity>(_ type: Entity.Type, where condition: String, _ arguments: StatementArguments = []) throws -> [Entity] {
        let documents = try String.fetchAll(db, sql: "SELECT e.document FROM \(Entity.table) e WHERE e.owner = ? AND (\(condition)) ORDER BY e.position",
                                            arguments: [owner] + arguments)
        return try documents.map { try StoredDocument.decode($0) }
    }

    func exists<Entity: StoredEntity>(_ type: Entity.Type, where condition: String, _ arguments: StatementArguments) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM \(Entity.table) e WHERE e.owner = ? AND (\(condition)))", arguments: [owner] + arguments) ?? false
    }

    func insert<Entity: StoredEntity>(_ entity: Entity, _ extra: [String: (any DatabaseValueConvertible)?] = [:]) throws {
        let columns = entity.columns.merging(extra) { _, new in new }
        let names = ["id", "owner", "document"] + columns.keys.sorted()
        let values: [(any DatabaseValueConvertible)?] = [entity.id, owner, try StoredDocument.encode(entity)] + columns.keys.sorted().map { columns[$0] ?? nil }
        let places = names.map { _ in "?" }.joined(separator: ", ")
        try db.execute(sql: "INSERT INTO \(Entity.table) (\(names.joined(separator: ", "))) VALUES (\(places))", arguments: StatementArguments(values))
    }

    func update<Entity: StoredEntity>(_ entity: Entity, _ extra: [String: (any DatabaseValueConvertible)?] = [:]) throws {
        let columns = entity.columns.merging(extra) { _, new in new }
        let assignments = (["document"] + columns.keys.sorted()).map { "\($0) = ?" }.joined(separator: ", ")
        var values: [(any DatabaseValueConvertible)?] = [try StoredDocument.encode(entity)]
        values += columns.keys.sorted().map { columns[$0] ?? nil }
        values += [entity.id, owner]
        try db.execute(sql: "UPDATE \(Entity.table) SET \(assignments) WHERE id = ? AND owner = ?", arguments: StatementArguments(values))
    }

    func delete<Entity: StoredEntity>(_ type: Entity.Type, _ id: String) throws {
        try db.execute(sql: "DELETE FROM \(Entity.table) WHERE id = ? AND owner = ?", arguments: [id, owner])
    }

    // MARK: uploads

    func storeUpload(_ content: [UInt8], for id: String) throws { try UploadStore.keep(content, as: environment.identifier(), for: id, of: owner, db) }

    func upload(of id: String) throws -> UploadStore.Stored {
        guard let stored = try UploadStore.find(id, of: owner, db) else { throw GeneralError.internalError("the uploaded file is missing from the catalogue") }
        return stored
    }

    func deleteUpload(of id: String) throws { try UploadStore.remove(id, of: owner, db) }

    // MARK: what the operator keeps

    func tenancy() throws -> AIDTenancy { try ServiceProviderTable.tenancy(of: owner, db) }

    /// An AID that the caller brings: under one of its prefixes, and not in use by somebody else.
    /// - Throws: ``GeneralError`` 1008.
    func claim(_ aid: AID, attribute: String) throws {
        try tenancy().check(aid, attribute: attribute)
        try AIDUse.check(aid, attribute: attribute, by: owner, db)
    }

    /// Profiles are the same for everybody. In creation order.
    func profiles() throws -> [SecureComponentProfile] { try ProfileTable.all(db).map(\.profile) }

    /// - Throws: ``GeneralError`` 1009.
    func profile(_ id: String) throws -> SecureComponentProfile {
        guard !id.utf8.contains(0), let found = try ProfileTable.find(id, db) else { throw GeneralError.notExisting("SecureComponentProfile", id: id) }
        return found.profile
    }
}

/// The JSON text in the column `document`.
enum StoredDocument {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}
