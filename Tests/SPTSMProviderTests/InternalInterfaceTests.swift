import DeploymentDocument
import GlobalPlatform
import HTTPTypes
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

@Suite struct InternalInterfaceTests {
    @Test func onlyTheHandsetPlaneMayReadAndNobodyWrite() async throws {
        let plane = try await Plane()
        let paths = ["/internal/v1/revisions", "/internal/v1/device-apps", "/internal/v1/issuers", "/internal/v1/token-issuers", "/internal/v1/device-integrity"]
        for path in paths {
            #expect(try await plane.callInternal(path).status == 200)
            for peer in [Plane.gateway, Plane.operatorName, "spiffe://issuer-1.example/sp-tsm-handset"] { #expect(try await plane.callInternal(path, peer: peer).status == 403) }
            for method in [HTTPRequest.Method.post, .put, .delete] { #expect(try await plane.callInternal(path, method: method).status == 403) }
        }
        #expect(try await plane.callInternal("/operator/v1/issuers").status == 403)
        #expect(try await plane.callInternal("/internal/v1/revisions?after=x").status == 400)
    }

    @Test func settingsAreServed() async throws {
        let plane = try await Plane()
        let app = String(repeating: "AB", count: 32)
        let before = try await plane.plane.internal.revisions(after: 0).current
        let answer = try await plane.callOperator(.post, "/service-providers/\(plane.first.id)/device-apps", json: #"{"deviceAppId": "\#(app)"}"#)
        #expect(answer.status == 200)
        let apps: [DeviceApp] = try await plane.callInternal("/internal/v1/device-apps").decode()
        #expect(apps == [DeviceApp(serviceProviderId: plane.first.id, deviceAppId: app.lowercased())])
        let issuers: [IssuerDescriptor] = try await plane.callInternal("/internal/v1/issuers").decode()
        #expect(issuers.count == 1 && issuers[0].secureComponentProfileIds == [plane.profile304.id, plane.profile310.id])
        let feed: RevisionFeed = try await plane.callInternal("/internal/v1/revisions?after=\(before)").decode()
        #expect(feed == RevisionFeed(current: before + 1, entries: [.init(revision: before + 1, change: .settingsChanged)]))
        #expect(try await plane.callInternal("/internal/v1/revisions?after=-1").decode(RevisionFeed.self).current == before + 1)
    }

    @Test func revisionCountsEveryChangeAndNoFailure() async throws {
        let plane = try await Plane()
        func current() async throws -> Int { try await plane.plane.internal.revisions(after: 0).current }
        var expected = try await current()
        let service: TrustedServiceModel.Service = try await plane.call(.post, "/services", json: #"{"name": "a"}"#).decode()
        expected += 1
        #expect(try await current() == expected)
        _ = try await plane.call(.get, "/services")
        #expect(try await plane.call(.post, "/services", json: "{}").category == 1004)
        #expect(try await plane.call(.delete, "/services/nobody").category == 1009)
        #expect(try await current() == expected)
        for _ in 0..<5 { _ = try await plane.call(.put, "/services/\(service.id)", json: #"{"name": "b"}"#) }
        expected += 5
        let feed = try await plane.plane.internal.revisions(after: 0)
        #expect(feed.current == expected)
        // Of the six changes of the Service the newest is left; nobody needs the others.
        #expect(feed.entries.filter { $0.change == .serviceChanged(serviceId: service.id) }.map(\.revision) == [expected])
        #expect(feed.entries.map(\.revision) == feed.entries.map(\.revision).sorted())
    }

    @Test func tombstonesStay() async throws {
        let plane = try await Plane()
        let service: TrustedServiceModel.Service = try await plane.call(.post, "/services", json: #"{"name": "a"}"#).decode()
        let flavor: Flavor = try await plane.call(.post, "/services/\(service.id)/flavors", json: "{}").decode()
        #expect(try await plane.call(.delete, "/services/\(service.id)/flavors/\(flavor.id)").status == 204)
        #expect(try await plane.call(.delete, "/services/\(service.id)").status == 204)
        for index in 0..<3 { _ = try await plane.call(.post, "/services", json: #"{"name": "\#(index)"}"#) }
        let changes = try await plane.plane.internal.revisions(after: 0).entries.map(\.change)
        #expect(changes.contains(.flavorDeleted(serviceId: service.id, flavorId: flavor.id)))
        #expect(changes.contains(.serviceDeleted(serviceId: service.id)))
        #expect(try await plane.callInternal("/internal/v1/services/\(service.id)").status == 404)
        // The security domain's AID is not used again.
        let next: TrustedServiceModel.Service = try await plane.call(.post, "/services", json: #"{"name": "b"}"#).decode()
        #expect(next.sdAid == "f054534d53d000000005")
    }

    @Test func unknownThingsAreNotFound() async throws {
        let plane = try await Plane()
        let service: TrustedServiceModel.Service = try await plane.call(.post, "/services", json: #"{"name": "a"}"#).decode()
        for path in ["services/x", "services/\(service.id)/versions/1.0.0/profiles/\(plane.profile304.id)", "services/x/versions/1.0.0/profiles/y", "binaries/00"] {
            #expect(try await plane.callInternal("/internal/v1/\(path)").status == 404, "\(path)")
        }
        let document: ServiceDocument = try await plane.callInternal("/internal/v1/services/\(service.id)").decode()
        #expect(document.versions.isEmpty && document.revision > 0)
    }

    @Test func librariesAreLoadedBeforeTheirUsers() throws {
        func item(_ package: String, imports: [String]) throws -> LoadOrder.Item {
            LoadOrder.Item(document: LoadFileDocument(executableLoadFileId: package, packageAid: try AID(hex: package), sha256: HexBytes([]), size: 0, moduleAids: []),
                           imports: try imports.map { try AID(hex: $0) }, modules: [])
        }
        let (a, b, c) = ("f054534d5301", "f054534d5302", "f054534d5303")
        let sorted = try LoadOrder.sort([try item(a, imports: [b, "a0000000620101"]), try item(b, imports: [c]), try item(c, imports: [])])
        #expect(sorted.map(\.document.executableLoadFileId) == [c, b, a])
        #expect(throws: DocumentError.self) { try LoadOrder.sort([try item(a, imports: [b]), try item(b, imports: [a])]) }
        #expect(throws: DocumentError.self) { try LoadOrder.sort([try item(a, imports: []), try item(a, imports: [])]) }
    }
}
