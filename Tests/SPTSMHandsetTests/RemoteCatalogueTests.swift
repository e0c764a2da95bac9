import DeploymentDocument
import Foundation
import GlobalPlatform
import HTTP2
import HTTPTypes
import Identity
import Logging
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import Testing
import TrustedServiceModel

@Suite("the provider plane's catalogue, cached by revision")
struct RemoteCatalogueTests {
    private static let service = FixedCatalogue.serviceId

    private func catalogue(_ plane: ProviderPlaneStub, staleness: Duration = .seconds(60)) throws -> RemoteCatalogue {
        let url = try #require(URL(string: "https://provider.example:1"))
        return RemoteCatalogue(client: JSONClient(sender: plane, url: url, timeout: .seconds(1), environment: .system), maximumStaleness: staleness,
                               logger: Logger(label: "catalogue") { _ in SwiftLogNoOpLogHandler() })
    }

    private func document(_ revision: Int, name: String = "Ticket") throws -> ServiceDocument {
        ServiceDocument(revision: revision, id: Self.service, serviceProviderId: FixedCatalogue.provider, name: name, securityDomain: try AID(hex: "F054534D53D001"),
                        accessAuthorizedDeviceApps: [], spParameters: [:], versions: [])
    }

    @Test("a 404 is no deletion: nothing is kept of it, and only the feed's tombstone says that a Service is gone")
    func notFound() async throws {
        let plane = ProviderPlaneStub()
        let catalogue = try catalogue(plane)
        plane.set(services: [Self.service: try document(1)], feed: RevisionFeed(current: 1, entries: []))
        try await catalogue.refresh()
        #expect(try await catalogue.service(Self.service)?.name == "Ticket")
        // Its entry is outdated by the feed, and the provider plane loses it.
        plane.set(services: [:], feed: RevisionFeed(current: 2, entries: [.init(revision: 2, change: .serviceChanged(serviceId: Self.service))]))
        try await catalogue.refresh()
        #expect(try await catalogue.service(Self.service) == nil)
        #expect(try await !catalogue.isDeleted(service: Self.service))
        // It is back: the 404 was not remembered.
        plane.set(services: [Self.service: try document(2, name: "Back")])
        #expect(try await catalogue.service(Self.service)?.name == "Back")
        // Deleted at last; the tombstone is found although nobody refreshed before.
        plane.set(services: [:], feed: RevisionFeed(current: 3, entries: [.init(revision: 3, change: .serviceDeleted(serviceId: Self.service))]))
        #expect(try await catalogue.isDeleted(service: Self.service))
        #expect(try await catalogue.service(Self.service) == nil)
        #expect(try await !catalogue.isDeleted(service: "another"))
    }

    @Test("whether a Service was deleted cannot be said while the provider plane is away")
    func awayIsNoDeletion() async throws {
        let plane = ProviderPlaneStub()
        let catalogue = try catalogue(plane, staleness: .zero)
        plane.set(services: [:], feed: RevisionFeed(current: 1, entries: []))
        try await catalogue.refresh()
        plane.state.withLock { $0.isAway = true }
        await #expect(throws: TSMFailure.self) { try await catalogue.isDeleted(service: Self.service) }
        await #expect(throws: TSMFailure.self) { try await catalogue.service(Self.service) }
    }

    @Test("a document that was on its way while the feed told of changes is used once and not kept")
    func changedOnTheWay() async throws {
        let plane = ProviderPlaneStub()
        let catalogue = try catalogue(plane)
        plane.set(services: [Self.service: try document(1, name: "old")], feed: RevisionFeed(current: 1, entries: []))
        try await catalogue.refresh()
        let newer = try document(2, name: "new")
        // While the answer travels, a refresh of another process learns of the change.
        plane.state.withLock { $0.beforeAnswer["/internal/v1/services/\(Self.service)"] = {
            plane.set(services: [Self.service: newer], feed: RevisionFeed(current: 2, entries: [.init(revision: 2, change: .serviceChanged(serviceId: Self.service))]))
            try await catalogue.refresh()
        } }
        #expect(try await catalogue.service(Self.service)?.name == "old")
        #expect(try await catalogue.service(Self.service)?.name == "new")
        let asked = plane.asked("/internal/v1/services/\(Self.service)")
        #expect(asked == 2)
        // And now it is kept.
        #expect(try await catalogue.service(Self.service)?.name == "new")
        #expect(plane.asked("/internal/v1/services/\(Self.service)") == asked)
    }

    @Test("settings on their way while they change are not kept either")
    func settingsChangedOnTheWay() async throws {
        let plane = ProviderPlaneStub()
        let catalogue = try catalogue(plane)
        plane.set(feed: RevisionFeed(current: 1, entries: []))
        plane.state.withLock { $0.apps = [DeviceApp(serviceProviderId: "sp", deviceAppId: "aa")] }
        try await catalogue.refresh()
        plane.state.withLock { $0.beforeAnswer["/internal/v1/device-apps"] = {
            plane.set(feed: RevisionFeed(current: 2, entries: [.init(revision: 2, change: .settingsChanged)]))
            plane.state.withLock { $0.apps = [] }
            try await catalogue.refresh()
        } }
        #expect(try await catalogue.deviceApps().count == 1)
        #expect(try await catalogue.deviceApps().isEmpty)
    }

    @Test("a feed that comes out of turn takes nothing back")
    func feedsOutOfTurn() async throws {
        let plane = ProviderPlaneStub()
        let catalogue = try catalogue(plane)
        plane.set(services: [Self.service: try document(1, name: "old")], feed: RevisionFeed(current: 1, entries: []))
        try await catalogue.refresh()
        let newer = try document(2, name: "new")
        let change = RevisionFeed(current: 2, entries: [.init(revision: 2, change: .serviceChanged(serviceId: Self.service))])
        // An answer of revision 1 is overtaken by a whole refresh to revision 2, whose document is read and kept.
        plane.state.withLock { $0.beforeAnswer["/internal/v1/revisions"] = {
            plane.set(services: [Self.service: newer], feed: change)
            try await catalogue.refresh()
            #expect(try await catalogue.service(Self.service)?.name == "new")
        } }
        try await catalogue.refresh()
        #expect(try await catalogue.service(Self.service)?.name == "new")
        #expect(plane.asked("/internal/v1/services/\(Self.service)") == 1)
    }

    @Test("a provider plane with an older store: what was cached counts no more")
    func restored() async throws {
        let plane = ProviderPlaneStub()
        let catalogue = try catalogue(plane)
        plane.set(services: [Self.service: try document(9, name: "later")], feed: RevisionFeed(current: 9, entries: []))
        try await catalogue.refresh()
        #expect(try await catalogue.service(Self.service)?.name == "later")
        plane.set(services: [Self.service: try document(3, name: "restored")], feed: RevisionFeed(current: 3, entries: []))
        try await catalogue.refresh()
        #expect(try await catalogue.service(Self.service)?.name == "restored")
    }

    private func issuer(_ name: String) throws -> TokenIssuerDescriptor {
        TokenIssuerDescriptor(id: name, serviceProviderId: "sp", issuer: name, audience: "a", jwks: JSONWebKeySet(keys: []), deviceAppClaim: try ClaimPointer("/a"),
                              deviceKeyClaim: try ClaimPointer("/k"), maximumLifetime: 60)
    }

    @Test("token issuers are asked for once, and again after a change that the feed tells of")
    func tokenIssuers() async throws {
        let plane = ProviderPlaneStub()
        let catalogue = try catalogue(plane)
        let (one, two) = (try issuer("one"), try issuer("two"))
        plane.set(feed: RevisionFeed(current: 1, entries: []))
        plane.state.withLock { $0.tokenIssuers = [one, two] }
        try await catalogue.refresh()
        for _ in 0..<3 { #expect(try await catalogue.tokenIssuers() == [one, two]) }
        #expect(plane.asked("/internal/v1/token-issuers") == 1)
        plane.set(feed: RevisionFeed(current: 2, entries: [.init(revision: 2, change: .settingsChanged)]))
        plane.state.withLock { $0.tokenIssuers = [two] }
        try await catalogue.refresh()
        for _ in 0..<3 { #expect(try await catalogue.tokenIssuers() == [two]) }
        #expect(plane.asked("/internal/v1/token-issuers") == 2)
    }

    @Test("while the provider plane is away, token issuers stay as they were known last; if they are not known, nobody is let in")
    func tokenIssuersWhileAway() async throws {
        let plane = ProviderPlaneStub()
        let (catalogue, stranger) = (try catalogue(plane, staleness: .zero), try catalogue(plane, staleness: .zero))
        let one = try issuer("one")
        plane.set(feed: RevisionFeed(current: 1, entries: []))
        plane.state.withLock { $0.tokenIssuers = [one] }
        try await catalogue.refresh()
        #expect(try await catalogue.tokenIssuers() == [one])
        plane.state.withLock { $0.isAway = true }
        await #expect(throws: TSMFailure.self) { try await catalogue.refresh() }
        #expect(try await catalogue.tokenIssuers() == [one])
        await #expect(throws: TSMFailure.self) { try await stranger.tokenIssuers() }
    }

    @Test("a Flavor's tombstone stays, also after a restart; its Service is read anew; a 404 of its document is none")
    func flavorTombstones() async throws {
        let plane = ProviderPlaneStub()
        let catalogue = try catalogue(plane)
        plane.set(services: [Self.service: try document(1, name: "before")], feed: RevisionFeed(current: 1, entries: []))
        try await catalogue.refresh()
        #expect(try await catalogue.service(Self.service)?.name == "before")
        #expect(try await catalogue.document(service: Self.service, version: "1.0.0", profile: "p") == nil)
        #expect(try await !catalogue.isDeleted(flavor: "f", of: Self.service))
        let entries = [RevisionFeed.Entry(revision: 2, change: .flavorDeleted(serviceId: Self.service, flavorId: "f"))]
        plane.set(services: [Self.service: try document(2, name: "after")], feed: RevisionFeed(current: 2, entries: entries))
        try await catalogue.refresh()
        #expect(try await catalogue.service(Self.service)?.name == "after")
        #expect(try await catalogue.isDeleted(flavor: "f", of: Self.service))
        #expect(try await !catalogue.isDeleted(flavor: "g", of: Self.service))
        #expect(try await !catalogue.isDeleted(service: Self.service))
        // What came before is not told again, and not forgotten.
        plane.set(feed: RevisionFeed(current: 3, entries: [.init(revision: 3, change: .serviceChanged(serviceId: Self.service))]))
        try await catalogue.refresh()
        #expect(try await catalogue.isDeleted(flavor: "f", of: Self.service))
        let restarted = try self.catalogue(plane)
        plane.set(feed: RevisionFeed(current: 3, entries: entries))
        try await restarted.refresh()
        #expect(try await restarted.isDeleted(flavor: "f", of: Self.service))
        // The Service's own tombstone holds for all its Flavors; a restored older store has neither.
        plane.set(feed: RevisionFeed(current: 4, entries: [.init(revision: 4, change: .serviceDeleted(serviceId: Self.service))]))
        try await restarted.refresh()
        #expect(try await restarted.isDeleted(flavor: "g", of: Self.service))
        plane.set(feed: RevisionFeed(current: 1, entries: []))
        try await restarted.refresh()
        #expect(try await !restarted.isDeleted(flavor: "f", of: Self.service))
    }

    @Test("maintenance is read when the feed tells of a change, kept while the provider plane is away; a mode that is not known counts as closed")
    func maintenance() async throws {
        let plane = ProviderPlaneStub()
        let catalogue = try catalogue(plane, staleness: .zero)
        func asked() -> Int { plane.asked("/internal/v1/maintenance") }
        plane.set(feed: RevisionFeed(current: 1, entries: []))
        #expect(await !catalogue.isClosed())
        for _ in 0..<3 { try await catalogue.readFeed() }
        #expect(asked() == 1)
        for (revision, mode, isClosed) in [(2, "closed", true), (3, "readOnly", false), (4, "of another version", true), (5, "off", false), (6, "closed", true)] {
            plane.state.withLock { $0.maintenance = mode }
            plane.set(feed: RevisionFeed(current: revision, entries: [.init(revision: revision, change: .settingsChanged)]))
            try await catalogue.readFeed()
            #expect(await catalogue.isClosed() == isClosed && asked() == revision, "\(mode)")
        }
        plane.state.withLock { $0.isAway = true }
        await #expect(throws: RemoteError.self) { try await catalogue.readFeed() }
        #expect(await catalogue.isClosed())
        // Of before there was maintenance: none.
        plane.state.withLock { $0.isAway = false; $0.maintenance = nil }
        plane.set(feed: RevisionFeed(current: 7, entries: [.init(revision: 7, change: .settingsChanged)]))
        try await catalogue.readFeed()
        #expect(await !catalogue.isClosed())
    }

    @Test("binaries are held against their hash")
    func binaries() async throws {
        let plane = ProviderPlaneStub()
        let catalogue = try catalogue(plane)
        let good = HexBytes(try Hex.decode("9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"))
        plane.state.withLock { $0.binary = Array("aaa".utf8) }
        #expect(try await catalogue.loadFileDataBlock(sha256: good) == Array("aaa".utf8))
        await #expect(throws: TSMFailure.self) { try await catalogue.loadFileDataBlock(sha256: HexBytes([UInt8](repeating: 0, count: 32))) }
    }
}

/// The provider plane's internal interface as far as the catalogue asks it, with something happening between question and answer.
private final class ProviderPlaneStub: RequestSender {
    struct State: Sendable {
        var services: [String: ServiceDocument] = [:]
        var feed = RevisionFeed(current: 0, entries: [])
        var apps: [DeviceApp] = []
        var tokenIssuers: [TokenIssuerDescriptor] = []
        var binary: [UInt8] = []
        /// The mode; nil: the provider plane has no such path.
        var maintenance: String? = "off"
        var isAway = false
        /// Runs once, after the answer was made and before it arrives.
        var beforeAnswer: [String: @Sendable () async throws -> Void] = [:]
        var asked: [String] = []
    }

    let state = Mutex(State())

    func set(services: [String: ServiceDocument]? = nil, feed: RevisionFeed? = nil) {
        state.withLock { state in
            if let services { state.services = services }
            if let feed { state.feed = feed }
        }
    }

    func asked(_ path: String) -> Int { state.withLock { $0.asked.count { $0 == path } } }

    func send(_ request: HTTPRequest, body: [UInt8]?, timeout: Duration) async throws(HTTPClientError) -> HTTPClientResponse {
        let path = String((request.path ?? "").prefix { $0 != "?" })
        let (answer, hook) = state.withLock { state in
            state.asked.append(path)
            return (Self.answer(path, state), state.beforeAnswer.removeValue(forKey: path))
        }
        guard let answer else { throw HTTPClientError.cannotConnect("away") }
        if let hook {
            do { try await hook() } catch { Issue.record("\(error)") }
        }
        return answer
    }

    private static func answer(_ path: String, _ state: State) -> HTTPClientResponse? {
        if state.isAway { return nil }
        func json(_ value: some Encodable) -> HTTPClientResponse {
            HTTPClientResponse(status: .ok, headerFields: [:], body: (try? WireJSON.encode(value)) ?? [])
        }
        switch path {
        case "/internal/v1/revisions": return json(state.feed)
        case "/internal/v1/device-apps": return json(state.apps)
        case "/internal/v1/token-issuers": return json(state.tokenIssuers)
        case "/internal/v1/maintenance" where state.maintenance != nil: return json(MaintenanceDocument(mode: state.maintenance ?? ""))
        case _ where path.hasPrefix("/internal/v1/binaries/"): return HTTPClientResponse(status: .ok, headerFields: [:], body: state.binary)
        case _ where path.hasPrefix("/internal/v1/services/"):
            guard let service = state.services[String(path.dropFirst("/internal/v1/services/".count))] else {
                return HTTPClientResponse(status: .notFound, headerFields: [:], body: Array(#"{"code":"notFound","title":"none","status":404}"#.utf8))
            }
            return json(service)
        default: return HTTPClientResponse(status: .notFound, headerFields: [:], body: [])
        }
    }
}
