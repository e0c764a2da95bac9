import Foundation
import GRDB
import Logging
import ServiceKit
import Testing

@testable import SPTSMProvider

@Suite struct MigrationTests {
    /// A catalogue of the first version: files in one row, profiles without removal, tokens without last use.
    @Test func firstVersionIsTakenOver() async throws {
        let directory = NSTemporaryDirectory() + "migration-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let big = Data((0..<150_000).map { UInt8(truncatingIfNeeded: $0) })
        do {
            let old = try DatabaseQueue(path: directory + "/store.sqlite")
            try CatalogueSchema.migrations.migrate(old, upTo: "1 catalogue")
            try await old.write { db in
                try db.execute(sql: """
                    INSERT INTO service_provider (id, name) VALUES ('sp', 'SP');
                    INSERT INTO aid_prefix (prefix, owner) VALUES ('f054534d53', 'sp');
                    INSERT INTO long_term_token VALUES ('00', 't', 'sp', 'label', '2026-01-01T00:00:00.000Z', NULL);
                    INSERT INTO personalization_script (id, owner, document) VALUES ('s1', 'sp', '{}');
                    """)
                try db.execute(sql: "INSERT INTO upload VALUES ('s1', 'sp', ?)", arguments: [big])
            }
            try old.close()
        }
        let store = try ProviderPlane.openStore(directory: directory, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await store.read { (db: Database) throws -> Void in
            #expect(try UploadStore.whole(of: "s1", db) == Array(big))
            #expect(try UploadStore.find("s1", of: "sp", db)?.size == big.count)
            #expect(try UploadStore.find("s1", of: "other", db) == nil)
            #expect(try Maintenance.read(db).mode == .off)
            #expect(try LongTermTokens.list(of: "sp", db).map(\.lastUsed) == [nil])
            #expect(try ServiceProviderTable.find("sp", db)?.aidPrefixes.map(\.description) == ["f054534d53"])
        }
        try await store.close()
    }
}
