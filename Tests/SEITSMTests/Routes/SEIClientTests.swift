import Foundation
import GlobalPlatform
import HTTP2
import HTTPTypes
import Hummingbird
import Identity
import Logging
import SEIAPI
import ServiceKit
import Testing
@testable import SEITSMService

/// The interface over mutual TLS on loopback: what the client gets is what the engine said.
@Suite struct SEIClientTests {
    @Test func wholeDialogOverTheWire() async throws {
        try await withServer { bench, server in
            let issuer = try server.client(IssuerBench.spTsm)
            let operators = try server.json("spiffe://issuer-1.example/operator")
            let card = try BenchCard()
            let added: InventoryAdded = try await operators.call(.post, "/inventory", body: [card.entry])
            #expect(added == InventoryAdded(added: 1, unchanged: 0))
            let page: InventoryPage = try await operators.call(.get, "/inventory?limit=5")
            #expect(page.components.map(\.id) == [card.id])

            let challenge = try await issuer.beginEligibility(SEI.EligibilityRequest(claim: card.claim))
            #expect(try await issuer.submitEvidence(challenge.eligibilityId, SEI.Evidence(responses: card.run(challenge.commands))).eligible)
            #expect(try await issuer.secureComponent(card.id).id == card.id)
            #expect(try await issuer.transportKeys().map(\.index) == [IssuerBench.transportKey])

            var dialog = try await issuer.openDialog(try bench.request(card, [[try Domain.creation()]]), idempotencyKey: "k")
            #expect(try await issuer.dialog(dialog.dialogId).sessions == dialog.sessions)
            let responses = try card.run(dialog.sessions[0].commands)
            dialog = try await issuer.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses))
            #expect(dialog.status == .completed)
            try await issuer.abandonDialog(dialog.dialogId)
            let journal: [JournalRecord] = try await operators.call(.get, "/journal/\(dialog.dialogId)")
            #expect(journal.map(\.kind) == [.script, .results, .outcome])
        }
    }

    @Test func refusalsKeepTheirCodes() async throws {
        try await withServer { bench, server in
            let issuer = try server.client(IssuerBench.spTsm)
            let card = try await bench.provenCard()
            let request = try bench.request(card, [[.status(aid: try aid(Domain.hex))]])
            let dialog = try await issuer.openDialog(request, idempotencyKey: "k")
            do {
                _ = try await issuer.openDialog(request, idempotencyKey: "other")
                Issue.record("was not refused")
            } catch let error as SEIError {
                #expect(error.code == .dialogOpen)
                #expect(error.retryAfter == 60)
            }
            await expect(.notFound) { try await server.client(IssuerBench.otherSpTsm).dialog(dialog.dialogId) }
            await expect(.unknownSecureComponent) { try await issuer.secureComponent("0102") }
            await expect(.invalidRequest) { try await issuer.openDialog(request, idempotencyKey: String(repeating: "k", count: 200)) }
            // Bodies that are none, and a missing header.
            let json = try server.json(IssuerBench.spTsm)
            for path in ["/eligibility", "/dialogs", "/dialogs/\(dialog.dialogId)/results"] {
                do {
                    _ = try await json.exchange(.post, path, bytes: Array("{\"x\":".utf8), contentType: "application/json")
                    Issue.record("was not refused")
                } catch let error as RemoteError {
                    #expect(error.code == SEIError.Code.invalidRequest.rawValue)
                }
            }
        }
    }

    @Test func nobodyElseGetsIn() async throws {
        try await withServer { bench, server in
            await expect(.forbidden) { try await server.client("spiffe://stranger.example/x").transportKeys() }
            // The operator is no SP TSM, and an SP TSM no operator.
            await expect(.forbidden) { try await server.client("spiffe://issuer-1.example/operator").transportKeys() }
            for path in ["/inventory", "/journal/x"] {
                do {
                    try await server.json(IssuerBench.spTsm).send(.get, path)
                    Issue.record("was not refused")
                } catch let error as RemoteError {
                    #expect(error.status == 403)
                }
            }
        }
    }

    @Test func describesItself() async throws {
        try await withServer { _, server in
            let answer = try await server.json(IssuerBench.spTsm).exchange(.get, "/openapi.yaml", bytes: nil, contentType: nil)
            #expect(Array(answer.body) == APIDocument.sei.bytes)
            #expect(answer.headerFields[.contentType] == "application/yaml")
        }
    }

    @Test func drainingTakesNoNewDialogs() async throws {
        try await withServer { bench, server in
            let card = try await bench.provenCard()
            let dialog = try await server.client(IssuerBench.spTsm).openDialog(try bench.request(card, [[try Domain.creation()]]), idempotencyKey: "k")
            server.drain.begin()
            await expect(.unavailable) { try await server.client(IssuerBench.spTsm).openDialog(try bench.request(card, [[try Domain.creation()]]), idempotencyKey: "2") }
            let responses = try card.run(dialog.sessions[0].commands)
            let end = try await server.client(IssuerBench.spTsm).submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses))
            #expect(end.status == .completed)
        }
    }

    @Test func answersOfOtherImplementations() {
        #expect(SEIError(.unreachable(reason: "x")).code == .unreachable)
        #expect(SEIError(.malformedAnswer(reason: "x")).code == .internalError)
        let statuses: [Int: SEIError.Code] = [400: .invalidRequest, 401: .forbidden, 403: .forbidden, 404: .notFound, 409: .dialogOpen, 422: .invalidRequest, 500: .internalError, 503: .unavailable]
        for (status, code) in statuses {
            let error = SEIError(.refused(RemoteError.Refusal(status: status, code: "theirs", detail: "why", retryAfter: 3)))
            #expect(error == SEIError(code, "why", retryAfter: 3))
        }
    }

    private func withServer(_ body: (IssuerBench, TestServer) async throws -> Void) async throws {
        try await withBench { bench in
            let server = try await TestServer.start(bench)
            do {
                try await body(bench, server)
                await server.stop()
            } catch {
                await server.stop()
                throw error
            }
        }
    }
}

/// The SEI TSM's routes on a real listener, and clients with certificates of any name.
final class TestServer: Sendable {
    let drain: DrainState
    private let server: any StartableListener
    private let stopServer: @Sendable () async -> Void
    private let authority: CertificateAuthority
    private let directory: String
    private let port: Int
    private let logger: Logger
    private let clients = Clients()

    private actor Clients {
        var all: [HTTPClient] = []
        func add(_ client: HTTPClient) { all.append(client) }
        func shutdown() async { for client in all { await client.shutdown() } }
    }

    private init(drain: DrainState, server: any StartableListener, stop: @escaping @Sendable () async -> Void, authority: CertificateAuthority, directory: String,
                 port: Int, logger: Logger) {
        (self.drain, self.server, stopServer, self.authority, self.directory, self.port, self.logger) = (drain, server, stop, authority, directory, port, logger)
    }

    static func start(_ bench: IssuerBench) async throws -> TestServer {
        let authority = try CertificateAuthority(name: "test", testMarker: true, now: Date())
        let directory = bench.directory.path
        try AtomicFile.write(Array(authority.certificatePEM.utf8), to: directory + "/ca.pem", mode: AtomicFile.publicMode)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let drain = DrainState()
        let router = try SEIRoutes.router(engine: bench.engine, operators: try AllowList([try AllowedPeer("spiffe://issuer-1.example/operator")]), drain: drain)
        let credentials = try credentials(authority, "spiffe://issuer-1.example/sei-tsm", directory)
        let server = HTTPServer(configuration: HTTPServerConfiguration(credentials: credentials), responder: router.buildResponder(), logger: logger)
        let port = try await server.start()
        return TestServer(drain: drain, server: server, stop: { await server.shutdown() }, authority: authority, directory: directory, port: port, logger: logger)
    }

    private static func credentials(_ authority: CertificateAuthority, _ identity: String, _ directory: String) throws -> TLSCredentials {
        let path = directory + "/" + UUID().uuidString
        try authority.issue(.workload(try SPIFFEID(identity)), now: Date()).write(certificate: path + ".pem", privateKey: path + ".key")
        return try TLSCredentials(files: TLSFiles(certificateChain: path + ".pem", privateKey: path + ".key", trustAnchors: directory + "/ca.pem"))
    }

    func json(_ identity: String) throws -> JSONClient {
        let url = try #require(URL(string: "https://127.0.0.1:\(port)\(SEI.basePath)"))
        let client = HTTPClient(origin: url, credentials: try Self.credentials(authority, identity, directory), expectation: .spiffe("spiffe://issuer-1.example/sei-tsm"), logger: logger)
        Task { await clients.add(client) }
        return JSONClient(sender: client, url: url, timeout: .seconds(20), environment: .system)
    }

    func client(_ identity: String) throws -> SEIClient { SEIClient(client: try json(identity)) }

    func stop() async {
        await clients.shutdown()
        await stopServer()
    }
}
