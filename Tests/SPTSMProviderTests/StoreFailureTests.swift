import Foundation
import GRDB
import HTTPTypes
import ServiceKit
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// The store fails under the API: 2000 and nothing of why, nothing half-written, and all well once it works again.
@Suite struct StoreFailureTests {
    enum Failure: String, CaseIterable { case full, readOnly }

    private func set(_ failure: Failure, _ isOn: Bool, _ plane: Plane) async throws {
        try await plane.store.write { db in
            switch failure {
            case .full: try db.execute(sql: isOn ? "PRAGMA max_page_count = \(try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 1)" : "PRAGMA max_page_count = 1000000000")
            case .readOnly: if isOn { try db.execute(sql: "PRAGMA query_only = 1") }
            }
        }
    }

    private func content(_ plane: Plane) async throws -> [String: Int] {
        try await plane.store.read { db in
            let tables = try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            return try Dictionary(uniqueKeysWithValues: tables.map { ($0, try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)") ?? -1) })
        }
    }

    private func expectRefusal(_ answer: Plane.Answer, _ what: String) throws {
        #expect(answer.status == 500 && answer.category == 2000, "\(what): \(answer.status)")
        let message = try answer.decode(GeneralError.self).errorMessage.lowercased()
        for internal_ in ["sqlite", "database", "disk", "/tmp", "store", "grdb", "insert", "table"] { #expect(!message.contains(internal_), "\(what): \(message)") }
    }

    @Test(arguments: Failure.allCases) func nothingIsHalfWritten(_ failure: Failure) async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        #expect(try await demo.createVersion(on: plane.profile304).status == 200)
        let before = try await content(plane)
        let revision = try await plane.plane.internal.revisions(after: 0).current
        try await set(failure, true, plane)
        // A megabyte does not fit into the pages that are free; the upload is what fails when there is no room.
        let big = Array(repeating: UInt8(ascii: "\n"), count: 250_000)
        try expectRefusal(try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", big)]), "upload")
        try expectRefusal(try await plane.upload(.post, "/executable-load-files", [.file("elfFile", try Applets.archive("bulk-1.0-jc304.cap"))]), "load file")
        if failure == .readOnly {
            try expectRefusal(try await plane.call(.post, "/services", json: #"{"name": "s"}"#), "create")
            try expectRefusal(try await plane.call(.put, "/services/\(demo.service.id)", json: #"{"name": "other"}"#), "modify")
            try expectRefusal(try await plane.call(.delete, "/services/\(demo.service.id)"), "delete")
            try expectRefusal(try await demo.publish(), "publish")
        }
        #expect(try await content(plane) == before)
        #expect(try await plane.plane.internal.revisions(after: 0).current == revision)
        // Reading goes on.
        #expect(try await plane.call(.get, "/services/\(demo.service.id)").decode(TrustedServiceModel.Service.self) == demo.service)
        #expect(try await plane.call(.get, "/executable-load-files/\(demo.elf.id)/binary").body == (try Applets.archive("ticket-1.0-jc304.cap")))
        guard failure == .full else { return }
        try await set(failure, false, plane)
        #expect(try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", big)]).status == 200)
    }

    @Test func aClosedStoreAnswersNothingElse() async throws {
        let plane = try await Plane()
        try await plane.store.close()
        for (method, path) in [(HTTPRequest.Method.get, "/services"), (.post, "/services"), (.delete, "/services/x")] {
            try expectRefusal(try await plane.call(method, path, json: method == .post ? #"{"name": "s"}"# : nil), "\(method) \(path)")
        }
        try expectRefusal(try await plane.call(.post, "/auth", authorization: plane.longTermTokens[plane.first.id]), "auth")
    }

    /// Pages of the file are gone: an I/O error or a damaged database, whatever is read first.
    @Test func aTruncatedStore() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let path = plane.directory + "/store.sqlite"
        try await plane.store.write { _ in }
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try handle.truncate(atOffset: 4096)
        try handle.close()
        let wal = try FileHandle(forUpdating: URL(fileURLWithPath: path + "-wal"))
        try wal.truncate(atOffset: 0)
        try wal.close()
        for path in ["/services/\(demo.service.id)", "/executable-load-files", "/executable-load-files/\(demo.elf.id)/binary"] {
            let answer = try await plane.call(.get, path)
            // What is still in SQLite's cache may be answered, and then it is right.
            if answer.status != 200 { try expectRefusal(answer, path) }
        }
        let written = try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", Array(repeating: 0x0A, count: 200_000))])
        if written.status != 200 { try expectRefusal(written, "write") }
    }
}
