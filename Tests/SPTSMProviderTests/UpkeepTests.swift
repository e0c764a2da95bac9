import DeploymentDocument
import Foundation
import GlobalPlatform
import ServiceKit
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// What the operator does while the TSM runs.
@Suite struct UpkeepTests {
    private func code(_ answer: Plane.Answer) throws -> String? { try answer.json.object?["code"]?.string }
    private func day(_ plane: Plane, _ days: Double) -> String { WireDate.text(Date().addingTimeInterval(days * 86_400)) }

    @Test func twoProfilesDoNotDifferByIdAlone() async throws {
        let plane = try await Plane()
        let operators = plane.plane.operator
        let issuer = try #require(try await operators.issuers().first)
        var generator = SeededGenerator(state: 3)
        func isRefused(_ profile: SecureComponentProfile, _ issuer: String) async throws -> Bool {
            do {
                _ = try await operators.createProfile(.init(issuerId: issuer, profile: profile))
                return false
            } catch let error as OperatorError {
                return error.code == .conflict
            }
        }
        // Other spelling, other ID, even another name: the same component.
        var twin = plane.profile304
        twin.id = ""
        twin.name = "another name"
        twin.os = " jcop "
        twin.javaCardVersion = "3.00.5"
        twin.gpSpecVersions = ["CARD": "2.3.1.0"]
        #expect(try await isRefused(twin, issuer.id))
        // Another issuer's card may be the same, but not under the same name.
        let second = try await operators.createIssuer(.init(name: "Issuer 2", seiURL: issuer.seiURL, caPEM: issuer.caPEM, expectedPeer: issuer.expectedPeer, issuerIdentificationNumbers: [], transportKeyIndex: "t"))
        twin.name = plane.profile304.name
        #expect(try await isRefused(twin, second.id))
        twin.name = "of issuer 2"
        #expect(try await !isRefused(twin, second.id))
        // Any one attribute makes a difference; none does not.
        let changes: [(inout SecureComponentProfile) -> Void] = [
            { $0.scType = 2 }, { $0.hardwarePlatform += "x" }, { $0.os += "x" }, { $0.osVersion += "x" }, { $0.javaCardVersion = "3.0.4" }, { $0.javaCardFeatures["cypher"] = ["AES"] },
            { $0.gpSpecVersions["x"] = "1.0" }, { $0.gpApiVersions["card"] = "1.5" }, { $0.csp["x"] = "1" }, { $0.certifications["x"] = "https://x" },
        ]
        for _ in 0..<50 {
            var changed = plane.profile304
            let chosen = (0..<Int.random(in: 0...2, using: &generator)).map { _ in Int.random(in: 0..<changes.count, using: &generator) }
            for index in chosen { changes[index](&changed) }
            #expect((ProfileIdentity(changed) == ProfileIdentity(plane.profile304)) == chosen.isEmpty, "\(chosen)")
        }
    }

    @Test func profilesGoAfterNotice() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        #expect(try await demo.createVersion(on: plane.profile304).status == 200)
        let id = plane.profile304.id
        let path = "/secure-component-profiles/\(id)"
        func notices(_ provider: OperatorAPI.ServiceProviderRecord) async throws -> [Notice] {
            try await plane.call(.get, "/notices", as: provider).decode([Notice].self).filter { $0.kind != .profileAdded }
        }
        // Both profiles were announced to everybody when they came.
        for provider in [plane.first, plane.second] {
            #expect(try await plane.call(.get, "/notices", as: provider).decode([Notice].self).map(\.profileId) == [id, plane.profile310.id])
        }
        // Not without notice, not too soon, not before the time.
        #expect(try await plane.callOperator(.delete, path).status == 409)
        #expect(try await plane.callOperator(.put, path + "/removal", json: #"{"effective": "\#(day(plane, 29))"}"#).status == 409)
        #expect(try await plane.callOperator(.put, path + "/removal", json: #"{"effective": "soon"}"#).status == 400)
        #expect(try await plane.callOperator(.put, "/secure-component-profiles/nobody/removal", json: #"{"effective": "\#(day(plane, 40))"}"#).status == 404)
        let planned: OperatorAPI.ProfileRecord = try await plane.callOperator(.put, path + "/removal", json: #"{"effective": "\#(day(plane, 31))", "message": "end of life"}"#).decode()
        #expect(planned.removal?.message == "end of life")
        #expect(try await plane.callOperator(.delete, path).status == 409)
        // Those whose Versions use it see it; the other one from the moment that it does, too.
        #expect(try await notices(plane.first).map(\.kind) == [.profileRemovalPlanned])
        #expect(try await notices(plane.first).first?.message == "end of life")
        #expect(try await notices(plane.second).isEmpty)
        let service: TrustedServiceModel.Service = try await plane.call(.post, "/services", json: #"{"name": "s"}"#, as: plane.second).decode()
        let flavor: Flavor = try await plane.call(.post, "/services/\(service.id)/flavors", json: "{}", as: plane.second).decode()
        #expect(try await plane.call(.post, "/services/\(service.id)/versions", json: #"{"tag": "1.0.0", "allowedDeployments": {"\#(flavor.id)": ["\#(id)"]}}"#, as: plane.second).status == 200)
        #expect(try await notices(plane.second).map(\.kind) == [.profileRemovalPlanned])
        // Withdrawn and planned again.
        #expect(try await plane.callOperator(.delete, path + "/removal").status == 204)
        #expect(try await plane.callOperator(.delete, path + "/removal").status == 409)
        #expect(try await notices(plane.first).map(\.kind) == [.profileRemovalPlanned, .profileRemovalWithdrawn])
        #expect(try await plane.callOperator(.put, path + "/removal", json: #"{"effective": "\#(day(plane, 31))"}"#).status == 200)
        plane.advance(32 * 86_400)
        let before = try await plane.plane.internal.revisions(after: 0).current
        #expect(try await plane.callOperator(.delete, path).status == 204)
        #expect(try await plane.callOperator(.get, path).status == 404)
        let token = try await plane.plane.engine.createAccessToken(Credentials(token: plane.longTermTokens[plane.first.id]))
        #expect(try await plane.call(.get, path, authorization: token).category == 1009)
        let version: Version = try await plane.call(.get, "/services/\(demo.service.id)/versions/1.0.0", authorization: token).decode()
        #expect(version.allowedDeployments == [demo.flavor.id: []])
        let kinds = try await plane.call(.get, "/notices", authorization: token).decode([Notice].self).map(\.kind)
        #expect(kinds.last == .profileRemoved)
        let feed = try await plane.plane.internal.revisions(after: before)
        #expect(feed.entries.map(\.change).contains(.serviceChanged(serviceId: demo.service.id)) && feed.entries.map(\.change).contains(.settingsChanged))
        let records: [OperatorAPI.NoticeRecord] = try await plane.callOperator(.get, "/notices").decode()
        #expect(records.last?.serviceProviders == [plane.first.id, plane.second.id].sorted())
    }

    @Test func theNoticePeriodCanBeShortenedWithAReason() async throws {
        let plane = try await Plane(notices: NoticeSettings(profileRemovalDays: 7))
        let path = "/secure-component-profiles/\(plane.profile310.id)"
        #expect(try await plane.callOperator(.put, path + "/removal", json: #"{"effective": "\#(day(plane, 1))", "override": ""}"#).status == 409)
        #expect(try await plane.callOperator(.put, path + "/removal", json: #"{"effective": "\#(day(plane, -1))", "override": "the chip is broken"}"#).status == 200)
        #expect(try await plane.callOperator(.delete, path).status == 204)
    }

    @Test func maintenance() async throws {
        let plane = try await Plane()
        func category(_ method: String) async throws -> Int {
            method == "read" ? try await plane.call(.get, "/services").category : try await plane.call(.post, "/services", json: #"{"name": "s"}"#).category
        }
        #expect(try await plane.callOperator(.get, "/maintenance").decode(Maintenance.self).mode == .off)
        #expect(try await plane.callOperator(.put, "/maintenance", json: #"{"mode": "readOnly", "message": "until 18:00 UTC"}"#).status == 200)
        #expect(try await category("read") == 0)
        let refused = try await plane.call(.post, "/services", json: #"{"name": "s"}"#)
        #expect(refused.status == 500 && refused.category == 2000)
        #expect(try refused.decode(GeneralError.self).errorMessage.contains("until 18:00 UTC"))
        #expect(try await plane.call(.post, "/auth", authorization: plane.longTermTokens[plane.first.id]).status == 200)
        #expect(try await plane.callInternal("/internal/v1/maintenance").decode(Maintenance.self).mode == .readOnly)
        #expect(try await plane.callOperator(.put, "/maintenance", json: #"{"mode": "closed"}"#).status == 200)
        #expect(try await category("read") == 2000)
        #expect(try await plane.call(.post, "/auth", authorization: plane.longTermTokens[plane.first.id]).category == 2000)
        // The operator's own interface is never closed.
        #expect(try await plane.callOperator(.put, "/maintenance", json: #"{"mode": "off"}"#).status == 200)
        #expect(try await category("read") == 0)
        #expect(try await category("write") == 0)
        #expect(try await plane.callOperator(.put, "/maintenance", json: #"{"mode": "sometimes"}"#).status == 400)
        #expect(try await plane.callOperator(.put, "/maintenance", json: #"{"mode": "closed", "message": "\#(String(repeating: "x", count: 151))"}"#).status == 400)
    }

    @Test func serviceProvidersAreKept() async throws {
        let plane = try await Plane()
        let path = "/service-providers/\(plane.second.id)"
        #expect(try await plane.callOperator(.put, path, json: #"{"name": "New name"}"#).decode(OperatorAPI.ServiceProviderRecord.self).name == "New name")
        #expect(try await plane.call(.get, "/serviceproviders/current", as: plane.second).decode(ServiceProvider.self).name == "New name")
        // Apps and keys; identifiers with characters that paths need to escape.
        let app = String(repeating: "0a", count: 32)
        #expect(try await plane.callOperator(.post, path + "/device-apps", json: #"{"deviceAppId": "\#(app)"}"#).status == 200)
        #expect(try await plane.callOperator(.delete, path + "/device-apps/\(app.uppercased())").status == 204)
        #expect(try await plane.callOperator(.delete, path + "/device-apps/\(app)").status == 404)
        #expect(try await plane.callOperator(.post, path + "/key-indexes", json: #"{"index": "key 1/a", "kind": "master", "kcv": "a1b2c3", "modes": [1]}"#).status == 200)
        #expect(try await plane.call(.get, "/key-indexes", as: plane.second).decode([OperatorAPI.KeyIndex].self).map(\.index) == ["key 1/a"])
        #expect(try await plane.call(.get, "/key-indexes").decode([OperatorAPI.KeyIndex].self).isEmpty)
        let service: TrustedServiceModel.Service = try await plane.call(.post, "/services", json: #"{"name": "s"}"#, as: plane.second).decode()
        let flavor: Flavor = try await plane.call(.post, "/services/\(service.id)/flavors", json: #"{"featureConfig": {"keyProvisioningMode": 1, "keyIndex": "key 1/a"}}"#, as: plane.second).decode()
        #expect(try await plane.callOperator(.delete, path + "/key-indexes/key%201%2Fa").status == 409)
        #expect(try await plane.call(.delete, "/services/\(service.id)/flavors/\(flavor.id)", as: plane.second).status == 204)
        #expect(try await plane.callOperator(.delete, path + "/key-indexes/key%201%2Fa").status == 204)
        // Removal only when nothing is left, and for good.
        let refused = try await plane.callOperator(.delete, path)
        #expect(try refused.status == 409 && code(refused) == "conflict")
        #expect(try await plane.call(.delete, "/services/\(service.id)", as: plane.second).status == 204)
        #expect(try await plane.callOperator(.delete, path).status == 204)
        #expect(try await plane.callOperator(.get, path).status == 404)
        #expect(try await plane.call(.get, "/services", as: plane.second).category == 1000)
        #expect(try await plane.call(.post, "/auth", authorization: plane.longTermTokens[plane.second.id]).category == 1001)
        // Its prefix had a security domain below it, which may still be on cards.
        #expect(try await plane.callOperator(.post, "/service-providers", json: #"{"name": "x", "aidPrefixes": ["F054534D54"]}"#).status == 409)
    }

    @Test func prefixesOfAIDs() async throws {
        let plane = try await Plane()
        let path = "/service-providers/\(plane.first.id)/aid-prefixes"
        #expect(try await plane.callOperator(.post, path, json: #"{"prefix": "F054534D54AA"}"#).status == 409)
        #expect(try await plane.callOperator(.post, path, json: #"{"prefix": "F0545"}"#).status == 400)
        #expect(try await plane.callOperator(.post, path, json: #"{"prefix": "A000000999"}"#).status == 200)
        let config: ApplicationConfig = try await plane.call(.post, "/application-configs", json: #"{"instanceAid": "A00000099901"}"#).decode()
        #expect(try await plane.callOperator(.delete, path + "/a000000999").status == 409)
        #expect(try await plane.call(.delete, "/application-configs/\(config.id)").status == 204)
        #expect(try await plane.callOperator(.delete, path + "/a000000999").status == 204)
        #expect(try await plane.callOperator(.delete, path + "/a000000999").status == 404)
        #expect(try await plane.callOperator(.delete, path + "/f054534d53").status == 409)
        #expect(try await plane.call(.post, "/application-configs", json: #"{"instanceAid": "A00000099901"}"#).category == 1008)
        // Never used by a Service: it may be another's.
        #expect(try await plane.callOperator(.post, "/service-providers/\(plane.second.id)/aid-prefixes", json: #"{"prefix": "A000000999"}"#).status == 200)
    }

    /// Prefixes keep providers apart; what is in use is checked all the same.
    @Test func aidsInUseByAnotherAreRefused() async throws {
        let plane = try await Plane()
        let demo = try await DemoCatalogue(plane)
        // As after a prefix was taken from one and given to the other in the database.
        try await plane.store.write { [second = plane.second.id] db in
            try db.execute(sql: "UPDATE aid_prefix SET owner = ? WHERE prefix = 'f054534d53'", arguments: [second])
        }
        let upload = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", try Applets.archive("ticket-1.0-jc304.cap"))], as: plane.second)
        #expect(upload.category == 1008)
        #expect(try upload.decode(GeneralError.self).errorMessage.contains("in use by another"))
        for aid in [demo.config.instanceAid, demo.elf.aid, demo.module.aid, demo.service.sdAid] {
            #expect(try await plane.call(.post, "/application-configs", json: #"{"instanceAid": "\#(aid.uppercased())"}"#, as: plane.second).category == 1008, "\(aid)")
        }
        #expect(try await plane.call(.post, "/application-configs", json: #"{"instanceAid": "F054534D53EE"}"#, as: plane.second).status == 200)
    }

    @Test func issuersAreKept() async throws {
        let plane = try await Plane()
        let issuer = try #require(try await plane.plane.operator.issuers().first)
        let path = "/issuers/\(issuer.id)"
        #expect(try await plane.callOperator(.get, path).decode(IssuerDescriptor.self) == issuer)
        var changed = OperatorAPI.NewIssuer(name: "moved", seiURL: "https://elsewhere.example/sei/v1", caPEM: issuer.caPEM, expectedPeer: issuer.expectedPeer, issuerIdentificationNumbers: ["42"], transportKeyIndex: "t2")
        let moved = try await plane.plane.operator.replaceIssuer(issuer.id, changed)
        #expect(moved.seiURL == "https://elsewhere.example/sei/v1" && moved.secureComponentProfileIds == issuer.secureComponentProfileIds)
        #expect(try await plane.callInternal("/internal/v1/issuers").decode([IssuerDescriptor].self) == [moved])
        #expect(try await plane.callOperator(.delete, path).status == 409)
        changed.id = UUID().uuidString.lowercased()
        let other = try await plane.plane.operator.createIssuer(changed)
        #expect(try await plane.callOperator(.delete, "/issuers/\(other.id)").status == 204)
        #expect(try await plane.callOperator(.get, "/issuers/\(other.id)").status == 404)
        #expect(try await plane.callOperator(.put, "/issuers/nobody", json: String(decoding: try WireJSON.encode(OperatorAPI.NewIssuer(name: "x", seiURL: issuer.seiURL, caPEM: issuer.caPEM, expectedPeer: issuer.expectedPeer, issuerIdentificationNumbers: [], transportKeyIndex: "t")), as: UTF8.self)).status == 404)
    }

    @Test func useOfTokensIsNoted() async throws {
        let plane = try await Plane()
        func lastUsed() async throws -> String? { try await plane.plane.operator.tokens(of: plane.first.id).first?.lastUsed }
        let first = try #require(try await lastUsed())
        let writes = plane.store.statistics.writes
        for _ in 0..<5 { #expect(try await plane.call(.post, "/auth", authorization: plane.longTermTokens[plane.first.id]).status == 200) }
        #expect(plane.store.statistics.writes == writes)
        plane.advance(61)
        #expect(try await plane.call(.post, "/auth", authorization: plane.longTermTokens[plane.first.id]).status == 200)
        #expect(try #require(try await lastUsed()) > first)
    }
}
