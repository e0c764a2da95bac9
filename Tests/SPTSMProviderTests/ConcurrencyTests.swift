import Foundation
import GRDB
import HTTPTypes
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// Two callers at the same time: what comes out is what one after the other would give.
@Suite struct ConcurrencyTests {
    @Test func twoWritersOnOneVersion() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let other: Flavor = try await plane.call(.post, "/services/\(demo.service.id)/flavors", json: #"{"executableLoadFileIds": ["\#(demo.elf.id)"]}"#).decode()
        #expect(try await demo.createVersion(on: plane.profile304).status == 200)
        let path = "/services/\(demo.service.id)/versions/1.0.0"
        let (a, b) = (plane.profile304.id, plane.profile310.id)
        for round in 0..<20 {
            // Both want the second profile, each for another Flavor.
            #expect(try await plane.call(.put, path, json: #"{"tag": "1.0.0", "allowedDeployments": {"\#(demo.flavor.id)": ["\#(a)"], "\#(other.id)": []}}"#).status == 200)
            async let first = plane.call(.post, path + "/flavors", json: #"{"\#(demo.flavor.id)": ["\#(a)", "\#(b)"]}"#)
            async let second = plane.call(.post, path + "/flavors", json: #"{"\#(other.id)": ["\#(b)"]}"#)
            let answers = [try await first, try await second]
            #expect(answers.filter { $0.status == 200 }.count == 1 && answers.filter { $0.category == 1008 }.count == 1, "round \(round): \(answers.map(\.category))")
            let version: Version = try await plane.call(.get, path).decode()
            let winner = answers[0].status == 200 ? [demo.flavor.id: [a, b], other.id: []] : [demo.flavor.id: [a], other.id: [b]]
            #expect(version.allowedDeployments == winner, "round \(round)")
        }
    }

    @Test func deleteAgainstLink() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let archive = try Applets.archive("ticket-1.1-jc304.cap")
        var wins = (deleted: 0, linked: 0)
        for round in 0..<20 {
            let elf: CAP = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", archive)]).decode()
            let flavor: Flavor = try await plane.call(.post, "/services/\(demo.service.id)/flavors", json: "{}").decode()
            let path = "/services/\(demo.service.id)/flavors/\(flavor.id)/executable-load-files"
            async let deleting = plane.call(.delete, "/executable-load-files/\(elf.id)")
            async let linking = plane.call(.post, path, json: #"["\#(elf.id)"]"#)
            let (deleted, linked) = (try await deleting, try await linking)
            #expect((deleted.status == 204 && linked.category == 1009) || (deleted.category == 1010 && linked.status == 200), "round \(round): \(deleted.status) \(linked.status)")
            let left: [CAP] = try await plane.call(.get, path).decode()
            #expect(left.map(\.id) == (linked.status == 200 ? [elf.id] : []))
            if deleted.status == 204 { wins.deleted += 1 } else { wins.linked += 1 }
        }
        #expect(wins.deleted + wins.linked == 20)
    }

    @Test func deleteFlavorAgainstDeployingIt() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        #expect(try await plane.call(.post, "/services/\(demo.service.id)/versions", json: #"{"tag": "1.0.0", "allowedDeployments": {}}"#).status == 200)
        for _ in 0..<20 {
            let flavor: Flavor = try await plane.call(.post, "/services/\(demo.service.id)/flavors", json: "{}").decode()
            async let deleting = plane.call(.delete, "/services/\(demo.service.id)/flavors/\(flavor.id)")
            async let deploying = plane.call(.post, "/services/\(demo.service.id)/versions/1.0.0/flavors", json: #"{"\#(flavor.id)": []}"#)
            let (deleted, deployed) = (try await deleting, try await deploying)
            #expect((deleted.status == 204 && deployed.category == 1009) || (deleted.category == 1010 && deployed.status == 200))
        }
    }

    /// What is published is what the change left, or the change came too late; never a published Flavor that changes.
    @Test func publishAgainstModify() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        let other: CAP = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", try Applets.archive("bulk-1.0-jc304.cap"))]).decode()
        var wins = (published: 0, modified: 0)
        for round in 0..<20 {
            let flavor: Flavor = try await plane.call(.post, "/services/\(demo.service.id)/flavors", json: #"{"executableLoadFileIds": ["\#(demo.elf.id)"]}"#).decode()
            let path = "/services/\(demo.service.id)/flavors/\(flavor.id)"
            // Now one and now the other is first on its way.
            let publish: @Sendable () async throws -> Plane.Answer = { try await plane.call(.post, path + "/publish") }
            let modify: @Sendable () async throws -> Plane.Answer = { try await plane.call(.put, path, json: #"{"executableLoadFileIds": ["\#(other.id)"]}"#) }
            async let first = round % 2 == 0 ? publish() : modify()
            async let second = round % 2 == 0 ? modify() : publish()
            let (one, two) = (try await first, try await second)
            let (published, modified) = round % 2 == 0 ? (one, two) : (two, one)
            #expect(published.status == 200, "round \(round)")
            #expect(modified.status == 200 || modified.category == 1015, "round \(round): \(modified.category)")
            let left: Flavor = try await plane.call(.get, path).decode()
            #expect(left.published && left.executableLoadFileIds == [modified.status == 200 ? other.id : demo.elf.id], "round \(round)")
            // What the answer of the publication said is what stays.
            #expect(try published.decode(Flavor.self) == left)
            if modified.status == 200 { wins.modified += 1 } else { wins.published += 1 }
        }
        #expect(wins.published + wins.modified == 20)
    }

    @Test func theSameTagTwice() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        for round in 0..<10 {
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<5 { group.addTask { try await demo.createVersion("1.0.\(round)", on: plane.profile304).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200, 400, 400, 400, 400])
        }
        #expect(try await plane.call(.get, "/services/\(demo.service.id)/versions").decode([Version].self).count == 10)
    }

    /// A file that is replaced while it is read: whole, or broken off; never a mixture.
    @Test func filesAreKeptInPieces() async throws {
        let plane = try await Plane()
        let line = Array("# \(String(repeating: "0123456789", count: 10))\n".utf8)
        let big = (0..<200_000).map { line[$0 % line.count] }
        let script: PersonalizationScript = try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", big)]).decode()
        let path = "/personalization-scripts/\(script.id)"
        let answer = try await plane.call(.get, path + "/binary")
        #expect(answer.body == big)
        func pieces() async throws -> Int { try await plane.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM upload_piece") ?? -1 } }
        #expect(try await pieces() == 4)
        let stored = try #require(try await plane.store.read { try UploadStore.find(script.id, of: plane.first.id, $0) })
        #expect(try await plane.upload(.put, path, [.file("scriptFile", Array(repeating: 0x0A, count: 65_536))]).status == 200)
        #expect(try await pieces() == 1)
        #expect(try await plane.store.read { try UploadStore.piece(0, of: stored, $0) } == nil)
        #expect(try await plane.call(.get, path + "/binary").body == Array(repeating: 0x0A, count: 65_536))
        #expect(try await plane.call(.delete, path).status == 204)
        #expect(try await pieces() == 0)
    }
}
