import Foundation
import GRDB

/// Uploaded files as they came, in pieces: what goes in or out is never whole in memory a second time.
enum UploadStore {
    /// Bytes of one piece; small against the largest file, large against the cost of a row.
    static let pieceSize = 65_536

    /// A file that is kept. Its pieces never change; a new file of the entity is new content.
    struct Stored: Sendable, Hashable {
        let contentId: String
        /// Bytes.
        let size: Int
    }

    /// From one row a file to pieces.
    static let schema = """
        CREATE TABLE upload_piece (
          content_id TEXT NOT NULL, position INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (content_id, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE uploaded_file (
          entity_id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES service_provider(id), content_id TEXT NOT NULL UNIQUE, size INTEGER NOT NULL
        ) STRICT;
        INSERT INTO uploaded_file SELECT entity_id, owner, entity_id, length(data) FROM upload;
        INSERT INTO upload_piece SELECT entity_id, 0, data FROM upload;
        DROP TABLE upload;
        """

    /// In place of what the entity had before.
    /// - Parameter contentId: fresh.
    static func keep(_ content: [UInt8], as contentId: String, for entity: String, of owner: String, _ db: Database) throws {
        try remove(entity, of: owner, db)
        for (position, start) in stride(from: 0, to: content.count, by: pieceSize).enumerated() {
            let piece = Data(content[start..<min(start + pieceSize, content.count)])
            try db.execute(sql: "INSERT INTO upload_piece VALUES (?, ?, ?)", arguments: [contentId, position, piece])
        }
        try db.execute(sql: "INSERT INTO uploaded_file VALUES (?, ?, ?, ?)", arguments: [entity, owner, contentId, content.count])
    }

    static func remove(_ entity: String, of owner: String, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM upload_piece WHERE content_id = (SELECT content_id FROM uploaded_file WHERE entity_id = ? AND owner = ?)", arguments: [entity, owner])
        try db.execute(sql: "DELETE FROM uploaded_file WHERE entity_id = ? AND owner = ?", arguments: [entity, owner])
    }

    static func find(_ entity: String, of owner: String, _ db: Database) throws -> Stored? {
        try Row.fetchOne(db, sql: "SELECT content_id, size FROM uploaded_file WHERE entity_id = ? AND owner = ?", arguments: [entity, owner])
            .map { Stored(contentId: $0["content_id"], size: $0["size"]) }
    }

    /// One piece after the other; nil after the last, or when the file was replaced meanwhile.
    static func piece(_ position: Int, of stored: Stored, _ db: Database) throws -> Data? {
        try Data.fetchOne(db, sql: "SELECT data FROM upload_piece WHERE content_id = ? AND position = ?", arguments: [stored.contentId, position])
    }

    /// A file that is needed as one, by its entity: a script, a certificate.
    static func whole(of entity: String, _ db: Database) throws -> [UInt8]? {
        guard let id = try String.fetchOne(db, sql: "SELECT content_id FROM uploaded_file WHERE entity_id = ?", arguments: [entity]) else { return nil }
        return try Data.fetchAll(db, sql: "SELECT data FROM upload_piece WHERE content_id = ? ORDER BY position", arguments: [id]).reduce(into: []) { $0 += $1 }
    }
}
