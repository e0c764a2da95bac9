import Foundation
import GRDB
import GlobalPlatform
import HTTPTypes
import Logging
import ServiceKit
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// How long load file data blocks are kept: for ever once a published Flavor had them, else as long as an ExecutableLoadFile has them.
@Suite struct LoadFileStoreTests {
    private func hash(_ name: String) throws -> String { Hex.encode(try CAPFile(Applets.archive(name)).loadFileDataBlockHash) }

    private func blocks(_ plane: Plane) async throws -> Set<String> {
        try await plane.store.read { try String.fetchSet($0, sql: "SELECT sha256 FROM load_file") }
    }

    @Test func whatNobodyUsesGoes() async throws {
        let plane = try await Plane()
        let (ticket, bulk) = (try hash("ticket-1.0-jc304.cap"), try hash("bulk-1.0-jc304.cap"))
        func upload(_ method: HTTPRequest.Method, _ path: String, _ name: String) async throws -> CAP {
            try await plane.upload(method, path, [.file("elfFile", try Applets.archive(name))]).decode()
        }
        let first = try await upload(.post, "/executable-load-files", "ticket-1.0-jc304.cap")
        let second = try await upload(.post, "/executable-load-files", "ticket-1.0-jc304.cap")
        #expect(try await blocks(plane) == [ticket])
        // One of two that share a block.
        #expect(try await plane.call(.delete, "/executable-load-files/\(first.id)").status == 204)
        #expect(try await blocks(plane) == [ticket])
        // Another content, and the same once more.
        for _ in 0..<2 {
            _ = try await upload(.put, "/executable-load-files/\(second.id)", "bulk-1.0-jc304.cap")
            #expect(try await blocks(plane) == [bulk])
        }
        // A change that is refused leaves everything.
        #expect(try await plane.upload(.put, "/executable-load-files/\(second.id)", [.file("elfFile", [1, 2, 3])]).category == 1013)
        #expect(try await blocks(plane) == [bulk])
        #expect(try await plane.call(.delete, "/executable-load-files/\(second.id)").status == 204)
        #expect(try await blocks(plane).isEmpty)
        #expect(try await plane.store.read { try CatalogueSize.read($0) } == CatalogueSize())
    }

    @Test func whatWasPublishedStays() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let ticket = try hash("ticket-1.0-jc304.cap")
        let block = try CAPFile(Applets.archive("ticket-1.0-jc304.cap")).loadFileDataBlock
        #expect(try await demo.createVersion(on: plane.profile304).status == 200)
        #expect(try await plane.store.read { try CatalogueSize.read($0).unpublished } == .init(count: 1, bytes: block.count))
        #expect(try await demo.publish().status == 200)
        let size = try await plane.store.read { try CatalogueSize.read($0) }
        #expect(size.published == .init(count: 1, bytes: block.count) && size.unpublished == .init())
        #expect(size.uploads == .init(count: 1, bytes: try Applets.archive("ticket-1.0-jc304.cap").count))
        let document = try await plane.plane.internal.deployment(service: demo.service.id, tag: "1.0.0", profile: plane.profile304.id)
        #expect(document.loadFiles.map(\.sha256.description) == [ticket])
        #expect(try await plane.call(.delete, "/services/\(demo.service.id)").status == 204)
        #expect(try await plane.call(.delete, "/executable-load-files/\(demo.elf.id)").status == 204)
        // An instance on some card may still need it to be what its document says.
        #expect(try await plane.plane.internal.binary(sha256: ticket) == block)
        // The same content again is the same block, and as lasting.
        let again: CAP = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", try Applets.archive("ticket-1.0-jc304.cap"))]).decode()
        #expect(try await plane.call(.delete, "/executable-load-files/\(again.id)").status == 204)
        #expect(try await plane.plane.internal.binary(sha256: ticket) == block)
    }

    /// Nobody wrote down before what was published: all of it stays.
    @Test func whatWasThereBeforeStays() async throws {
        let directory = NSTemporaryDirectory() + "migration-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        do {
            let old = try DatabaseQueue(path: directory + "/store.sqlite")
            try CatalogueSchema.migrations.migrate(old, upTo: "4 files in pieces")
            try await old.write { try $0.execute(sql: "INSERT INTO load_file VALUES ('00', x'0102')") }
            try old.close()
        }
        let store = try ProviderPlane.openStore(directory: directory, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await store.write { try LoadFileStore.removeIfUnused("00", $0) }
        #expect(try await store.read { try LoadFileStore.find(sha256: "00", $0) } == [1, 2])
        try await store.close()
    }
}
