import Foundation
import HTTP2
import HTTPTypes
import Hummingbird
import Identity
import KeyVaultAPI
@testable import KeyVaultService
import Logging
import NIOCore
import NIOEmbedded
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import Testing
import TrustedServiceModel

@Suite("what an operator sees and does in the handset plane")
struct HandsetOperatorTests {
    static let who = "spiffe://sp-tsm.example/operator"

    /// - Parameter role: of the plane in its vault, for releases.
    private func operators(_ bench: TSMBench, role: VaultRole = .authenticationReleaser) throws -> HandsetOperatorEngine {
        let engine = bench.spVault
        return HandsetOperatorEngine(engine: bench.engine) { (keySet: String) async throws(KeyVaultError) in
            try await engine.releaseAuthentications(.keySet(id: keySet), VaultCaller(identity: TSMBench.spTsm, roles: [role]))
        }
    }

    private func refusal(_ body: () async throws -> Void) async -> OperatorError.Code? {
        do { try await body() } catch { return (error as? OperatorError)?.code }
        return nil
    }

    @Test("lists in parts, the newest first; one process with its timeline, without APDUs")
    func processes() async throws {
        try await withBench { bench in
            let (operators, handset) = (try operators(bench), try Handset(bench, try await bench.card()))
            let id = try #require(await handset.create().serviceInstance).id
            #expect(try await operators.processes([]).items.isEmpty, "a creation is no process")
            let deployed = await handset.deploy(id)
            _ = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: true)
            _ = await handset.client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: false)
            let all = try await operators.processes([])
            #expect(all.items.map(\.kind) == [.resume, .suspend, .deploy] && all.next == nil)
            let first = try await operators.processes([("limit", "2")])
            let rest = try await operators.processes([("limit", "2"), ("after", String(try #require(first.next)))])
            #expect(first.items + rest.items == all.items && rest.next == nil)
            #expect(try await operators.processes([("state", "running")]).items.isEmpty)
            #expect(try await operators.processes([("instance", id), ("serviceProvider", FixedCatalogue.provider), ("service", FixedCatalogue.serviceId), ("state", "ended")]).items == all.items)
            #expect(try await operators.processes([("serviceProvider", "nobody")]).items.isEmpty)

            let process = try #require(all.items.last)
            #expect(process.id == deployed.processInfo.processId && process.stage == .ended && process.executionStatus == 0 && process.serviceInstanceId == id)
            #expect(process.orders == process.reports && process.orders >= 1)
            let detail = try await operators.process(process.id)
            #expect(detail.process == process)
            #expect(detail.timeline.map(\.kind) == (0..<process.orders).flatMap { _ in ["order", "report"] } + ["result"])
            #expect(detail.timeline.first?.text.contains("APDUs") == true && detail.timeline[1].text.contains("PROCESSED"))
            // What went to the card is in the store, not here.
            let order = try #require(try await bench.engine.store.journal(dialog: process.id).first).body
            let apdu = try #require(order.split(separator: "\"").first { $0.count > 200 })
            #expect(!detail.timeline.contains { $0.text.contains(apdu.prefix(40)) })
            #expect(await refusal { _ = try await operators.process("nobody") } == .notFound)
        }
    }

    @Test("a filter that is none, twice the same, limits out of range: refused", arguments: [[("stat", "ended")], [("state", "stuck")], [("limit", "0")], [("limit", "201")], [("limit", "x")], [("after", "x")], [("state", "ended"), ("state", "ended")]])
    func filters(_ parameters: [(String, String)]) async throws {
        try await withBench { bench in
            let operators = try operators(bench)
            #expect(await refusal { _ = try await operators.processes(parameters) } == .invalidRequest)
        }
    }

    @Test("a stuck process is ended: category 6 with who and why, durable, and the next process reads the card first")
    func endsAStuckProcess() async throws {
        try await withBench { bench in
            let (operators, handset) = (try operators(bench), try Handset(bench, try await bench.card(.eSERandom)))
            let id = try #require(await handset.create().serviceInstance).id
            // The report of the order that installs gets lost: the handset gives up, the process stays.
            let begin = handset.transport.requests
            handset.transport.faults.withLock { $0[begin + 3] = .loseRequest }
            #expect(await handset.deploy(id).processInfo.executionStatus == .networkConnectionError)
            let stuck = try #require(try await operators.processes([("state", "running")]).items.first)
            #expect(stuck.stage == .running && stuck.executionStatus == nil)
            #expect(try await operators.instance(id).instance.openProcess == stuck.id)
            #expect(await handset.deploy(id).processInfo.executionStatus == .notAllowed)

            for reason in ["", "  \n", String(repeating: "x", count: 151)] {
                #expect(await refusal { _ = try await operators.endProcess(stuck.id, reason: reason, who: Self.who) } == .invalidRequest)
            }
            #expect(await refusal { _ = try await operators.endProcess("nobody", reason: "x", who: Self.who) } == .notFound)
            let ended = try await operators.endProcess(stuck.id, reason: "ticket 4711", who: Self.who)
            #expect(ended.process.stage == .ended && ended.process.executionStatus == 6)
            #expect(ended.process.executionMessage?.contains("ended by the operator: ticket 4711") == true)
            #expect(ended.timeline.suffix(2).map(\.kind) == ["operator", "result"] && ended.timeline.suffix(2).first?.text.contains(Self.who) == true)
            #expect(await refusal { _ = try await operators.endProcess(stuck.id, reason: "again", who: Self.who) } == .conflict)
            let action = try #require(try await operators.actions([]).items.first)
            #expect(action.kind == .endProcess && action.subject == stuck.id && action.who == Self.who && action.reason == "ticket 4711")

            // As after a power cut: what was ended stays ended.
            bench.restartPlane()
            #expect(try await self.operators(bench).process(stuck.id).process.stage == .ended)
            #expect(try await !self.operators(bench).instance(id).instance.isContentKnown)
            let again = await handset.deploy(id)
            #expect(again.serviceInstanceState == .operational, "\(again.processInfo.executionMessage)")
            let next = try await self.operators(bench).process(again.processInfo.processId)
            #expect(next.process.orders > 2, "reading, then the deployment: \(next.timeline.map(\.text))")
        }
    }

    @Test("an instance in quarantine: no process begins, category 13 with the message, until it is lifted; a creation's dialog cannot be ended")
    func quarantinedInstance() async throws {
        try await withBench { bench in
            let (operators, handset) = (try operators(bench), try Handset(bench, try await bench.card()))
            let id = try #require(await handset.create().serviceInstance).id
            #expect(await refusal { _ = try await operators.quarantineInstance("nobody", message: "x", who: Self.who) } == .notFound)
            #expect(await refusal { try await operators.liftInstance(id, who: Self.who) } == .notFound)
            let closed = try await operators.quarantineInstance(id, message: "card reported stolen", who: Self.who)
            #expect(closed.instance.quarantine?.message == "card reported stolen" && closed.instance.quarantine?.who == Self.who)
            let before = handset.card.image.registry
            let deployed = await handset.deploy(id)
            #expect(deployed.processInfo.executionStatus == .notAllowed && deployed.processInfo.executionMessage.contains("card reported stolen"))
            #expect(deployed.processInfo.processId.isEmpty)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .notAllowed)
            #expect(handset.card.image.registry == before)
            #expect(try await operators.instances([("quarantined", "true")]).items.map(\.id) == [id])
            #expect(try await operators.instances([("quarantined", "false")]).items.isEmpty)
            bench.restartPlane()
            #expect(await handset.deploy(id).processInfo.executionStatus == .notAllowed, "durable")
            try await operators.liftInstance(id, who: Self.who)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            #expect(try await operators.actions([]).items.map(\.kind) == [.liftInstance, .quarantineInstance])
            #expect(try await operators.actions([("limit", "1")]).next != nil)
        }
    }

    @Test("a component in quarantine: nothing new on it (8), no process on its instances (13); others are not concerned")
    func quarantinedComponent() async throws {
        try await withBench { bench in
            let (operators, handset) = (try operators(bench), try Handset(bench, try await bench.card()))
            let id = try #require(await handset.create().serviceInstance).id
            let component = try #require(try await operators.components([]).items.first)
            #expect(component.instances == 1 && component.quarantine == nil)
            #expect(await refusal { _ = try await operators.quarantineComponent("issuer-1/nobody", message: "x", who: Self.who) } == .notFound)
            let closed = try await operators.quarantineComponent(component.id, message: "recalled", who: Self.who)
            #expect(closed.component.quarantine?.message == "recalled" && closed.instances.map(\.id) == [id])
            let deployed = await handset.deploy(id)
            #expect(deployed.processInfo.executionStatus == .notAllowed && deployed.processInfo.executionMessage.contains("recalled"))
            // Another Service's instance would be new on it: the check says that there is nothing to deploy to.
            #expect(await handset.client.checkServiceDeploymentAvailable(serviceId: FixedCatalogue.serviceId, version: "1.0.0").deploymentAvailable == .deviceNotEligible)
            try await operators.liftComponent(component.id, who: Self.who)
            #expect(await handset.client.terminateService(serviceInstanceId: id).processInfo.executionStatus == .noError)
            _ = try await operators.quarantineComponent(component.id, message: "recalled", who: Self.who)
            let created = await handset.create()
            #expect(created.executionStatus == .noEligibleSecureComponent && created.executionMessage.contains("recalled"), "\(created.executionMessage)")
            let other = try Handset(bench, try await bench.card(number: 2), device: "device-2")
            #expect(await other.create().executionStatus == .noError)
            #expect(try await operators.components([("quarantined", "true")]).items.map(\.id) == [component.id])
            #expect(try await operators.components([("claim", component.claim)]).items.count == 1)
        }
    }

    @Test("authentications are released in the vault if its role lets the plane; either way it is written down")
    func releases() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance).id
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            let operators = try operators(bench)
            let keySet = try #require(try await operators.instance(id).keySets.first)
            #expect(keySet.part == .final && keySet.state == "live" && keySet.unprovenAuthentications == 0)
            try await operators.releaseAuthentications(keySet: keySet.id, reason: "looked into", who: Self.who)
            #expect(await refusal { try await operators.releaseAuthentications(keySet: "none", reason: "x", who: Self.who) } == .notFound)
            #expect(await refusal { try await operators.releaseAuthentications(keySet: keySet.id, reason: "", who: Self.who) } == .invalidRequest)
            let without = try self.operators(bench, role: .channelOpener)
            #expect(await refusal { try await without.releaseAuthentications(keySet: keySet.id, reason: "x", who: Self.who) } == .conflict)
            #expect(try await operators.actions([]).items.map(\.kind) == [.releaseAuthentications, .releaseAuthentications, .releaseAuthentications])
        }
    }

    @Test("the routes: only the operator, errors as problem documents, identifiers with a slash")
    func routes() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance).id
            let router = ServiceRouter.make(ServiceRequestContext.self, listener: "operator", groups: [
                RouteGroup("operator", prefix: "/operator/v1", allow: try AllowList([AllowedPeer(Self.who)])),
            ], environment: .system)
            HandsetOperatorRoutes.add(to: router, engine: try operators(bench))
            let caller = OperatorCaller(router)
            for peer in ["spiffe://sp-tsm.example/gateway-handset", "spiffe://sp-tsm.example/sp-tsm-handset"] {
                for path in ["/processes", "/instances", "/components", "/actions", "/results", "/openapi.yaml"] { #expect(try await caller.send(.get, path, peer: peer).status == 403) }
            }
            let component = try await operators(bench).components([]).items[0].id
            #expect(component.contains("/"))
            let closed = try await caller.send(.put, "/components/\(component.replacing("/", with: "%2F"))/quarantine", #"{"message": "recalled"}"#)
            #expect(closed.status == 200 && closed.text.contains(Self.who))
            #expect(try await caller.send(.get, "/components?quarantined=true&limit=1").text.contains(component))
            #expect(try await caller.send(.delete, "/components/\(component.replacing("/", with: "%2F"))/quarantine").status == 204)
            #expect(try await caller.send(.get, "/instances/\(id)").text.contains(#""state":"NotDeployed""#))
            #expect(try await caller.send(.get, "/instances?state=NotDeployed").text.contains(id))
            #expect(try await caller.send(.get, "/instances?colour=red").status == 400)
            #expect(try await caller.send(.post, "/processes/nobody/end", #"{"reason": "x"}"#).status == 404)
            #expect(try await caller.send(.post, "/processes/nobody/end", "{}").status == 400)
            #expect(try await caller.send(.post, "/results/resend", "{}").text == #"{"count":0}"#)
            #expect(try await caller.send(.post, "/results/resend", #"{"id": "nobody"}"#).status == 404)
            #expect(try await caller.send(.get, "/results?state=gone").status == 400)
            #expect(try await caller.send(.get, "/openapi.yaml").text.hasPrefix("openapi: 3.0.3"))
        }
    }

    @Test("document and routes agree")
    func document() async throws {
        try await withBench { bench in
            let router = Router(context: ServiceRequestContext.self)
            HandsetOperatorRoutes.add(to: router, engine: try operators(bench))
            let served = Set(router.routes.map { route in
                let path = route.path.description.split(separator: "/").dropFirst(2).map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
                return "\(route.method.rawValue) /\(path)"
            })
            // The document is of our own making and has one form: a path begins at two blanks, a method at four.
            var (path, described) = ("", Set<String>())
            let text = String(decoding: APIDocument.handsetOperator.bytes, as: UTF8.self)
            let paths = try #require(text.range(of: "\npaths:\n")), end = try #require(text.range(of: "\ncomponents:\n"))
            for line in text[paths.upperBound..<end.lowerBound].split(separator: "\n") {
                if line.hasPrefix("  /") { path = line.trimmingCharacters(in: [" ", ":"]) }
                let word = line.trimmingCharacters(in: [" ", ":"])
                if line.hasPrefix("    "), !line.hasPrefix("     "), ["get", "put", "post", "delete"].contains(word) { described.insert("\(word.uppercased()) \(path)") }
            }
            #expect(served == described)
        }
    }
}

/// Sends requests to a router as an identity.
private struct OperatorCaller {
    struct Answer { var status: Int; var text: String }
    private let respond: @Sendable (Request, ServiceRequestContext) async throws -> Response

    init(_ router: Router<ServiceRequestContext>) {
        let responder = router.buildResponder()
        respond = { try await responder.respond(to: $0, context: $1) }
    }

    func send(_ method: HTTPRequest.Method, _ path: String, _ body: String = "", peer: String = HandsetOperatorTests.who) async throws -> Answer {
        let identity = PeerIdentity(certificateDER: [], certificateSHA256: Array(repeating: 1, count: 32), subject: "CN=test", uris: [peer], dnsNames: [], notAfter: .distantFuture)
        let source = ConnectionSource(peer: identity, remoteAddress: "127.0.0.1", channel: EmbeddedChannel(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let request = Request(head: HTTPRequest(method: method, scheme: "https", authority: "localhost", path: "/operator/v1" + path, headerFields: body.isEmpty ? [:] : [.contentType: "application/json"]),
                              body: RequestBody(buffer: ByteBuffer(string: body)))
        let response = try await respond(request, ServiceRequestContext(source: source))
        let collector = Collector()
        try await response.body.write(Writer(collector: collector))
        return Answer(status: response.status.code, text: String(decoding: collector.bytes.withLock { $0 }, as: UTF8.self))
    }

    private final class Collector: Sendable { let bytes = Mutex<[UInt8]>([]) }
    private struct Writer: ResponseBodyWriter {
        let collector: Collector
        mutating func write(_ buffer: ByteBuffer) async throws { collector.bytes.withLock { $0 += buffer.readableBytesView } }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
