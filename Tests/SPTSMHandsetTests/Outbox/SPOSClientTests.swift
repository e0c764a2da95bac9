import DeploymentDocument
import Foundation
import HTTP2
import HTTPTypes
import Hummingbird
import Logging
import NIOPosix
import ServiceKit
@testable import SPTSMHandset
import Testing
import TrustedServiceModel

/// Real sockets and TLS. TR-03165 2.2.8, 4.3.
@Suite("the client of online services, over real connections")
struct SPOSClientTests {
    private let pki: OnlinePKI

    init() throws { pki = try OnlinePKI() }

    private static let result = ClaimedResult(sequence: 1, id: "process-1", orderKey: "i", body: Array("{\"processId\":\"process-1\"}".utf8), pinned: nil,
                                              trace: "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", created: 0, attempts: 0)

    private func send(_ port: Int, host: String = "127.0.0.1", path: String = "/sp", trust: String = "online-ca.pem", as name: String = "tsm", timeout: Double = 3,
                      allowed: [String] = ["127.0.0.0/8", "::1"]) async throws -> DeliveryOutcome {
        let policy = AddressPolicy(allowed: allowed.compactMap { AddressBlock($0) })
        let client = try SPOSClient(
            SposDocument(sposConfigId: "c", url: "https://\(host):\(port)\(path)", certificatePEM: try pki.pem(trust)), credentials: try pki.credentials(name), policy: policy,
            settings: OutboxSettings(timeout: timeout), environment: .system, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "spos") { _ in SwiftLogNoOpLogHandler() })
        let outcome = await client.send(Self.result)
        await client.shutdown()
        return outcome
    }

    private func expectAway(_ outcome: DeliveryOutcome, _ words: String, sourceLocation: SourceLocation = #_sourceLocation) {
        guard case .unavailable(let reason, _) = outcome else {
            Issue.record("\(outcome)", sourceLocation: sourceLocation)
            return
        }
        #expect(reason.contains(words), "\(reason)", sourceLocation: sourceLocation)
    }

    @Test("accepted over HTTP/2 and over HTTP/1.1, as the TSM", arguments: [true, false])
    func accepted(http2: Bool) async throws {
        try await OnlineServer.run(pki, http2: http2, http1: !http2) { server, port in
            #expect(try await send(port, path: "/sp/v1/") == .accepted)
            let seen = try #require(server.requests.first)
            #expect(server.requests.count == 1 && seen.path == "/sp/v1/process-results" && seen.body == Self.result.body)
            #expect(seen.peer == OnlinePKI.spTsm && seen.headers[.contentType] == "application/json")
            #expect(seen.headers[try #require(HTTPField.Name("idempotency-key"))] == "process-1")
            let trace = seen.headers[try #require(HTTPField.Name("traceparent"))]
            #expect(trace?.hasPrefix("00-0123456789abcdef0123456789abcdef-") == true && trace != Self.result.trace)
        }
    }

    @Test("statuses", arguments: [true, false], [(500, "500"), (404, "404"), (503, "503"), (401, "401")])
    func statuses(http2: Bool, status: (Int, String)) async throws {
        try await OnlineServer.run(pki, http2: http2, http1: !http2, answer: { _ in Response(status: .init(code: status.0)) }) { _, port in
            expectAway(try await send(port), status.1)
        }
    }

    @Test("what it does not want is refused, and when to come again is heard")
    func refusals() async throws {
        try await OnlineServer.run(pki, answer: { _ in Response(status: .unprocessableContent) }) { _, port in
            let outcome = try await send(port)
            #expect(outcome == .refused(status: 422))
        }
        try await OnlineServer.run(pki, answer: { _ in Response(status: .tooManyRequests, headers: [.retryAfter: "17"]) }) { _, port in
            let outcome = try await send(port)
            #expect(outcome == .unavailable(reason: "it answers 429", retryAfter: 17))
        }
    }

    @Test("redirects are not followed", arguments: [301, 302, 307, 308])
    func redirects(status: Int) async throws {
        try await OnlineServer.run(pki) { other, otherPort in
            let location = "https://127.0.0.1:\(otherPort)/sp/process-results"
            try await OnlineServer.run(pki, answer: { _ in Response(status: .init(code: status), headers: [.location: location]) }) { server, port in
                expectAway(try await send(port), "redirect")
                #expect(server.requests.count == 1 && other.requests.isEmpty)
            }
        }
    }

    @Test("trusted: the CA that is configured, or the very certificate, or one by a name", arguments: [("online-ca.pem", "127.0.0.1"), ("server.pem", "127.0.0.1"), ("online-ca.pem", "localhost")])
    func trusted(trust: String, host: String) async throws {
        try await OnlineServer.run(pki) { server, port in
            let outcome = try await send(port, host: host, trust: trust)
            #expect(outcome == .accepted)
            #expect(server.requests.count == 1)
        }
    }

    @Test("not trusted: another CA's, one whose sibling is configured, another host's, an expired one", arguments: [
        ("foreign", "online-ca.pem", "untrustedPeer"), ("server", "other-ca.pem", "untrustedPeer"), ("server", "tsm-ca.pem", "untrustedPeer"), ("sibling", "server.pem", "untrustedPeer"),
        ("elsewhere", "online-ca.pem", "wrongPeer"), ("elsewhere", "elsewhere.pem", "wrongPeer"), ("expired", "online-ca.pem", "untrustedPeer"),
    ])
    func untrusted(server name: String, trust: String, words: String) async throws {
        try await OnlineServer.run(pki, as: name) { server, port in
            expectAway(try await send(port, trust: trust), words)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("our own certificate is not accepted: said so, nothing sent", arguments: [true, false])
    func unwelcome(http2: Bool) async throws {
        try await OnlineServer.run(pki, trusting: "other", http2: http2, http1: !http2) { server, port in
            guard case .unavailable(let reason, _) = try await send(port) else {
                Issue.record("it was accepted")
                return
            }
            #expect(!reason.isEmpty && server.requests.isEmpty)
        }
    }

    @Test("addresses inside are never connected to, by number or by name", arguments: ["127.0.0.1", "localhost"])
    func inside(host: String) async throws {
        try await OnlineServer.run(pki) { server, port in
            expectAway(try await send(port, host: host, allowed: []), "is not permitted")
            expectAway(try await send(port, host: host, allowed: ["10.0.0.0/8"]), "is not permitted")
            #expect(server.requests.isEmpty)
        }
    }

    @Test("nobody listens; nobody speaks TLS")
    func nobody() async throws {
        let free = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = free.localAddress?.port ?? 0
        try await free.close()
        expectAway(try await send(port), "cannot connect")
        try await RawServer.run(pki, .close("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), tls: false) { port in expectAway(try await send(port), "TLS failed") }
        try await RawServer.run(pki, .silence, tls: false) { port in
            guard case .unavailable = try await send(port, timeout: 0.3) else {
                Issue.record("a silent peer was taken for an online service")
                return
            }
        }
    }

    @Test("one that takes too long", arguments: [true, false])
    func slow(http2: Bool) async throws {
        try await OnlineServer.run(pki, http2: http2, http1: !http2, answer: { _ in
            try await Task.sleep(for: .seconds(30))
            return Response(status: .ok)
        }) { _, port in
            let began = ContinuousClock.now
            expectAway(try await send(port, timeout: 0.3), "no response within")
            #expect(ContinuousClock.now - began < .seconds(5))
        }
        try await RawServer.run(pki, .silence) { port in expectAway(try await send(port, timeout: 0.3), "no response within") }
    }

    @Test("an answer without end is cut off", arguments: [true, false])
    func endless(http2: Bool) async throws {
        try await OnlineServer.run(pki, http2: http2, http1: !http2, answer: { _ in
            Response(status: .ok, body: ResponseBody { writer in while true { try await writer.write(ByteBuffer(repeating: 0x20, count: 10_000)) } })
        }) { _, port in expectAway(try await send(port), "larger than \(SPOSClient.maximumAnswer) bytes") }
    }

    @Test("heads without end, an answer that breaks off, and what is no HTTP", arguments: [
        RawServer.Script.endless("HTTP/1.1 200 OK\r\n", "x-more: \(String(repeating: "y", count: 1000))\r\n"),
        .endless("HTTP/1.1 200 OK\r\nx-long: ", String(repeating: "y", count: 4000)), .endless("HTTP/1.1 200 OK\r\n\r\n", String(repeating: "z", count: 4000)),
        .endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "5\r\nabcde\r\n"), .endless("", "HTTP/1.1 100 Continue\r\n\r\n"),
        .close("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"), .close("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab"), .close("HTTP/1.1 200"), .close(""),
        .close("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"), .close("\u{0}\u{1}\u{2} nonsense\r\n\r\n"), .close("HTTP/9.9 abc\r\n\r\n"), .close("SSH-2.0-OpenSSH_9.2\r\n"),
    ])
    func nonsense(script: RawServer.Script) async throws {
        try await RawServer.run(pki, script) { port in
            let outcome = try await send(port, timeout: 2)
            guard case .unavailable(let reason, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(!reason.isEmpty)
        }
    }

    @Test("failures stand in the log and in the metrics, with what to look at")
    func told() async throws {
        let registry = PrometheusRegistry.process
        try await OnlineServer.run(pki, answer: { _ in Response(status: .internalServerError) }) { _, port in
            try await withOutbox { bench in
                let credentials = try pki.credentials("tsm"), settings = bench.outbox.settings
                let directory = SPOSDirectory { document throws(SPOSTargetError) in
                    try SPOSClient(document, credentials: credentials, policy: AddressPolicy(allowed: [AddressBlock("127.0.0.1")].compactMap { $0 }), settings: settings,
                                   environment: .system, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: bench.logs.logger)
                }
                let clock = bench.clock
                let environment = ServiceEnvironment(now: { clock.now }, uuid: ServiceEnvironment.system.uuid, randomBytes: ServiceEnvironment.system.randomBytes)
                let document = SposDocument(sposConfigId: "c", url: "https://127.0.0.1:\(port)", certificatePEM: try pki.pem("online-ca.pem"))
                let delivery = ResultDelivery(outbox: bench.outbox, address: { _ in .spos(document) }, directory: directory, environment: environment, logger: bench.logs.logger)
                _ = try await bench.put("failing")
                #expect(try await delivery.deliverDue() == 0)
                #expect(bench.logs.lines.contains { $0.contains("was not accepted") && $0.contains("failing") && $0.contains("it answers 500") }, "\(bench.logs.lines)")
                delivery.figures.stands(try await bench.outbox.standing(), now: clock.now.timeIntervalSince1970)
                let text = registry.text()
                for series in ["spos_attempts_total{outcome=\"unavailable\"}", "spos_attempt_seconds", "spos_outbox_waiting 1"] { #expect(text.contains(series), "\(series)") }
                await delivery.shutdown()
            }
        }
    }
}
