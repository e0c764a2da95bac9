import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import HTTP2

@Suite("Forwarding") struct ForwardingTests {
    /// A forwarding server in front of a router, for the length of `body`.
    private func withGateway(
        acceptsHTTP1: Bool = false, policy clientPolicy: ClientCertificatePolicy = .required, gate: TestGate = TestGate(), upstreamPort: Int? = nil,
        upstreamTimeout: Duration = .seconds(30), upstreamTimeouts: HTTPTimeouts = .init(drain: .seconds(2)),
        deciding policy: @escaping @Sendable (ForwardedRequest) -> ForwardingDecision = { _ in .forward(upstream: 0) },
        _ body: (Int, HTTPServer<RouterResponder<BasicPeerRequestContext>>) async throws -> Void
    ) async throws {
        let box = RecordBox()
        try await withServer(gate: gate) { server, port in
            let pki = TestPKI.shared
            let gateway = try ForwardingServer(
                configuration: .init(
                    credentials: try pki.credentials("server"), clientCertificates: clientPolicy, acceptsHTTP1: acceptsHTTP1,
                    timeouts: .init(drain: .seconds(5))),
                upstreams: [
                    ForwardingUpstream(
                        origin: try #require(URL(string: "https://127.0.0.1:\(upstreamPort ?? port)")), credentials: try pki.credentials("client"),
                        expectation: .spiffe("spiffe://test.example/server"),
                        configuration: .init(maximumConnections: 2, maximumWaiting: 1000, timeouts: upstreamTimeouts))
                ], upstreamTimeout: upstreamTimeout, onFinish: { box.append($0) }, logger: quiet, policy: policy)
            let gatewayPort = try await gateway.start()
            do {
                try await body(gatewayPort, server)
            } catch {
                gate.go.open()
                await gateway.shutdown()
                throw error
            }
            gate.go.open()
            await gateway.shutdown()
        }
    }

    private final class RecordBox: Sendable {
        private let records = Mutex<[ForwardingRecord]>([])
        func append(_ record: ForwardingRecord) { records.withLock { $0.append(record) } }
        var all: [ForwardingRecord] { records.withLock { $0 } }
    }

    @Test(.timeLimit(.minutes(5))) func throughAndBack() async throws {
        try await withGateway { port, _ in
            try await withClient(port) { client in
                try await expectHello(client)
                #expect(try await client.send(get("/missing")).status == .notFound)
                #expect(try await client.send(get("/nothing")).status == .noContent)
                // The upstream sees the gateway, not the client.
                #expect(try await client.send(get("/peer")).text == "spiffe://test.example/client from 127.0.0.1")
                var generator = SeededGenerator(state: 3)
                for size in [0, 1, 16_384, 1_000_000] {
                    let body = generator.bytes(size)
                    #expect(try await client.send(post("/echo"), body: body).body == body)
                }
                let response = try await client.stream(get("/trailers"))
                #expect(try await response.body.collect(upTo: 100) == Array("body".utf8))
                #expect(response.body.inbound.trailers?.value("x-sum") == "4")
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func manyAtOnce() async throws {
        try await withGateway { port, _ in
            try await withClient(port) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<1000 {
                        group.addTask {
                            let body = [UInt8](repeating: UInt8(index & 0xFF), count: index * 17)
                            let response = try await client.send(post("/echo"), body: body)
                            #expect(response.body == body)
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func headersAreEdited() async throws {
        let policy: @Sendable (ForwardedRequest) -> ForwardingDecision = { request in
            .forward(
                upstream: 0,
                request: HeaderEdits(
                    remove: ["X-Client-Identity", "x-drop"],
                    set: [(name: "x-client-address", value: request.remoteAddress), (name: "x-client-identity", value: request.peer?.spiffeID ?? "")],
                    path: "/headers"),
                response: HeaderEdits(remove: ["content-type"], set: [(name: "strict-transport-security", value: "max-age=1")]))
        }
        try await withGateway(deciding: policy) { port, _ in
            try await withClient(port) { client in
                let fields: HTTPFields = [
                    HTTPField.Name("x-client-identity")!: "forged", HTTPField.Name("x-drop")!: "1", HTTPField.Name("x-keep")!: "2",
                    HTTPField.Name("proxy-authorization")!: "secret",
                ]
                let response = try await client.send(get("/somewhere/else", fields))
                let lines = Set(response.text.split(separator: "\n").map(String.init))
                #expect(lines == ["x-keep: 2", "x-client-address: 127.0.0.1", "x-client-identity: spiffe://test.example/client"])
                #expect(response.headerFields[.contentType] == nil)
                #expect(response.headerFields[.strictTransportSecurity] == "max-age=1")
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func localAnswers() async throws {
        let policy: @Sendable (ForwardedRequest) -> ForwardingDecision = { request in
            if request.pathHasPrefix("/deny") { return .respond(LocalResponse(status: 403, headers: [(name: "X-Why", value: "because")], body: Array("no".utf8))) }
            let tooLarge = LocalResponse(status: 400, headers: [("content-type", "text/x-own")], body: Array("too much".utf8))
            return request.pathHasPrefix("/own") ? .forward(upstream: 0, request: HeaderEdits(path: "/count"), maximumBody: 1000, tooLarge: tooLarge)
                : .forward(upstream: request.path == "/nowhere" ? 7 : 0, maximumBody: 1000)
        }
        try await withGateway(deciding: policy) { port, _ in
            try await withClient(port) { client in
                let denied = try await client.send(post("/deny"), body: [UInt8](repeating: 0, count: 1_000_000))
                #expect(denied.status == .forbidden)
                #expect(denied.text == "no")
                #expect(denied.headerFields[HTTPField.Name("x-why")!] == "because")
                #expect(try await client.send(get("/nowhere")).status == .serviceUnavailable)
                #expect(try await client.send(post("/echo"), body: [UInt8](repeating: 1, count: 1000)).body.count == 1000)
                // Announced, and found out on the way.
                #expect(try await client.send(post("/echo"), body: [UInt8](repeating: 1, count: 1001)).status == .contentTooLarge)
                let parts = AsyncStream<ByteBuffer> { continuation in
                    for _ in 0..<100 { continuation.yield(ByteBuffer(repeating: 1, count: 100)) }
                    continuation.finish()
                }
                let answer = await failure { () throws(HTTPClientError) in
                    let response = try await client.send(post("/count"), bodyStream: parts)
                    #expect(response.status == .contentTooLarge)
                    return response
                }
                #expect(answer == nil)
                // The policy's own words, announced or not.
                #expect(try await client.send(post("/own"), body: [UInt8](repeating: 1, count: 1001)).text == "too much")
                let more = AsyncStream<ByteBuffer> { continuation in
                    for _ in 0..<100 { continuation.yield(ByteBuffer(repeating: 1, count: 100)) }
                    continuation.finish()
                }
                let own = try await client.send(post("/own"), bodyStream: more)
                #expect(own.status == .badRequest && own.headerFields[.contentType] == "text/x-own" && own.text == "too much")
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func anUpstreamThatIsAway() async throws {
        let policy: @Sendable (ForwardedRequest) -> ForwardingDecision = { _ in
            .forward(upstream: 0, unavailable: LocalResponse(status: 503, headers: [(name: "retry-after", value: "1")], body: Array("away".utf8)))
        }
        try await withGateway(upstreamPort: 1, deciding: policy) { port, _ in
            try await withClient(port) { client in
                for body in [nil, [UInt8](repeating: 0, count: 500_000)] {
                    let response = try await client.send(post("/echo"), body: body)
                    #expect(response.status == .serviceUnavailable)
                    #expect(response.text == "away")
                    #expect(response.headerFields[.retryAfter] == "1")
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func anUpstreamThatBreaksOff() async throws {
        try await withGateway { port, server in
            try await withClient(port) { client in
                let broken = await failure { () throws(HTTPClientError) in try await client.send(get("/breaks")) }
                #expect(broken == .streamReset(.internalError))
                try await expectHello(client)
                await server.shutdown()
                #expect(try await client.send(get("/hello")).status == .serviceUnavailable)
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func anUpstreamThatDoesNotAnswer() async throws {
        let gate = TestGate()
        try await withGateway(gate: gate, upstreamTimeout: .milliseconds(200), upstreamTimeouts: .init(bodyIdle: .milliseconds(200), drain: .seconds(2))) { port, _ in
            try await withClient(port) { client in
                let response = try await client.send(get("/wait"))
                #expect(response.status == .serviceUnavailable)
                await gate.cancelled.wait()
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func aClientThatLeaves() async throws {
        let gate = TestGate()
        try await withGateway(gate: gate) { port, _ in
            try await withClient(port) { client in
                let task = Task { () -> HTTPClientError? in await failure { () throws(HTTPClientError) in try await client.send(get("/wait")) } }
                await gate.entered.wait()
                task.cancel()
                #expect(await task.value == .cancelled)
                await gate.cancelled.wait()
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func backPressureReachesTheSender() async throws {
        try await withGateway { port, _ in
            try await withClient(port) { client in
                let total = 20 * 1024 * 1024
                let sent = Mutex(0)
                let parts = AsyncStream<ByteBuffer> { continuation in
                    for index in 0..<(total / 65_536) { continuation.yield(ByteBuffer(repeating: UInt8(index & 0xFF), count: 65_536)) }
                    continuation.finish()
                }.map { part in
                    sent.withLock { $0 += part.readableBytes }
                    return part
                }
                let response = try await client.stream(post("/echo"), bodyStream: parts)
                var before = -1
                while before != sent.withLock({ $0 }) {
                    before = sent.withLock { $0 }
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(before < 6 * 1024 * 1024)
                var received = 0
                for try await part in response.body {
                    #expect(isPattern(part, at: received))
                    received += part.readableBytes
                }
                #expect(received == total)
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func clientsOfHTTP1() async throws {
        try await withGateway(acceptsHTTP1: true, policy: .none) { port, _ in
            func exchange(_ text: String) async throws -> String {
                let peer = try await RawPeer(port: port, http1: true, as: nil)
                await peer.push(Array(text.utf8))
                await peer.closed.wait()
                return String(decoding: peer.received, as: UTF8.self)
            }
            let hello = try await exchange("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            #expect(hello.hasPrefix("HTTP/1.1 200 OK\r\n") && hello.hasSuffix("hello"))
            let seen = try await exchange("GET /headers HTTP/1.1\r\nHost: localhost\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nX-Keep: 2\r\n\r\n")
            #expect(seen.contains("x-keep: 2") && !seen.contains("x-hop: 1"))
            let posted = try await exchange(
                "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
            #expect(posted.hasSuffix("\r\n\r\n5"))
            let smuggled = try await exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(!smuggled.contains(" 200 "))
        }
    }
}
