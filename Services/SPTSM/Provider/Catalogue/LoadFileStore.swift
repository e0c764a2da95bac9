import Foundation
import GRDB

/// Load file data blocks by their hash, for the internal interface. A document for a deployment names them, and a service instance keeps its
/// document for as long as it lives, which may be longer than the Service: so a block that a published Flavor once had is kept for ever. Only
/// published Flavors have documents, and their load files are fixed: a block that no published Flavor ever had is in no document, and goes
/// with the last ExecutableLoadFile that has it.
enum LoadFileStore {
    /// What was there before counts as published: nobody wrote down what was not.
    static let schema = """
        ALTER TABLE load_file ADD COLUMN was_published INTEGER NOT NULL DEFAULT 1;
        CREATE INDEX load_file_user ON executable_load_file(load_file_sha256);
        """

    static func keep(_ content: LoadFileContent, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO load_file (sha256, data, was_published) VALUES (?, ?, 0) ON CONFLICT DO NOTHING", arguments: [content.sha256, Data(content.dataBlock)])
    }

    /// The blocks of a Flavor that is being published.
    static func keepForEver(of flavor: String, _ db: Database) throws {
        try db.execute(sql: """
            UPDATE load_file SET was_published = 1
            WHERE sha256 IN (SELECT e.load_file_sha256 FROM executable_load_file e JOIN flavor_load_file l ON l.elf_id = e.id WHERE l.flavor_id = ?)
            """, arguments: [flavor])
    }

    /// The hash of an ExecutableLoadFile's block.
    static func block(of elf: String, _ db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT load_file_sha256 FROM executable_load_file WHERE id = ?", arguments: [elf])
    }

    /// After an ExecutableLoadFile gave it up.
    static func removeIfUnused(_ sha256: String?, _ db: Database) throws {
        try db.execute(sql: """
            DELETE FROM load_file WHERE sha256 = ? AND was_published = 0 AND NOT EXISTS (SELECT 1 FROM executable_load_file WHERE load_file_sha256 = ?)
            """, arguments: [sha256, sha256])
    }

    static func find(sha256: String, _ db: Database) throws -> [UInt8]? {
        try Data.fetchOne(db, sql: "SELECT data FROM load_file WHERE sha256 = ?", arguments: [sha256]).map(Array.init)
    }
}
