import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Testing

@testable import HTTP2

let quiet = Logger(label: "test") { _ in QuietHandler() }

/// Says nothing but keeps metadata: Hummingbird looks the request's ID up there.
struct QuietHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.critical
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {}
}

/// A gate that a test opens for a route that waits.
final class TestGate: Sendable {
    let entered = Latch()
    let go = Latch()
    let cancelled = Latch()
}

/// The routes that the tests call.
func testRouter(gate: TestGate = TestGate()) -> RouterResponder<BasicPeerRequestContext> {
    let router = Router(context: BasicPeerRequestContext.self, options: .autoGenerateHeadEndpoints)
    router.get("hello") { _, _ in "hello" }
    router.get("peer") { _, context in "\(context.peer?.spiffeID ?? "nobody") from \(context.remoteAddress)" }
    router.get("id") { _, context in context.id }
    router.get("nothing") { _, _ in Response(status: .noContent) }
    router.get("fails") { _, _ -> Response in throw TestPKI.Failure(text: "on purpose") }
    router.get("breaks") { _, _ in
        Response(status: .ok, body: ResponseBody { writer in
            // More than the writer may be ahead: the head has certainly left when the body fails.
            try await writer.write(ByteBuffer(repeating: 1, count: 300_000))
            throw TestPKI.Failure(text: "half way")
        })
    }
    router.get("header") { request, _ in request.headers[HTTPField.Name("x-test")!] ?? "none" }
    router.get("headers") { request, _ in request.headers.map { "\($0.name.canonicalName): \($0.value)" }.joined(separator: "\n") }
    router.post("echo") { request, _ in
        Response(status: .ok, headers: [.contentType: "application/octet-stream"], body: ResponseBody(asyncSequence: request.body))
    }
    router.post("count") { request, _ in
        var count = 0
        for try await buffer in request.body { count += buffer.readableBytes }
        return "\(count)"
    }
    router.post("ignore") { _, _ in Response(status: .forbidden, body: ResponseBody(byteBuffer: ByteBuffer(string: "no"))) }
    router.get("bytes/:count") { _, context in
        let count = try context.parameters.require("count", as: Int.self)
        return Response(status: .ok, body: ResponseBody { writer in
            var left = count
            var value: UInt8 = 0
            while left > 0 {
                let part = min(left, 30_000)
                try await writer.write(ByteBuffer(repeating: value, count: part))
                value &+= 1
                left -= part
            }
            try await writer.finish(nil)
        })
    }
    router.get("trailers") { _, _ in
        Response(status: .ok, body: ResponseBody { writer in
            try await writer.write(ByteBuffer(string: "body"))
            try await writer.finish([HTTPField.Name("x-sum")!: "4"])
        })
    }
    router.get("wait") { _, _ in
        gate.entered.open()
        await gate.go.wait()
        if Task.isCancelled {
            gate.cancelled.open()
            throw CancellationError()
        }
        return "waited"
    }
    router.post("stall") { request, _ in
        // Reads until the client breaks off.
        gate.entered.open()
        do {
            for try await _ in request.body {}
        } catch {
            gate.cancelled.open()
            throw error
        }
        return "read"
    }
    return router.buildResponder()
}

/// Runs a server for the length of `body`.
func withServer(
    _ name: String = "server", policy: ClientCertificatePolicy = .required, acceptsHTTP2: Bool = true, acceptsHTTP1: Bool = false, limits: HTTPLimits = .init(),
    timeouts: HTTPTimeouts = .init(drain: .seconds(5)), gate: TestGate = TestGate(), credentials: TLSCredentials? = nil, logger: Logger = quiet,
    _ body: (HTTPServer<RouterResponder<BasicPeerRequestContext>>, Int) async throws -> Void
) async throws {
    let credentials = try credentials ?? TestPKI.shared.credentials(name)
    let configuration = HTTPServerConfiguration(
        credentials: credentials, clientCertificates: policy, acceptsHTTP2: acceptsHTTP2, acceptsHTTP1: acceptsHTTP1, limits: limits, timeouts: timeouts)
    let server = HTTPServer(configuration: configuration, responder: testRouter(gate: gate), logger: logger)
    let port = try await server.start()
    do {
        try await body(server, port)
    } catch {
        gate.go.open()
        await server.shutdown()
        throw error
    }
    gate.go.open()
    await server.shutdown()
}

func makeClient(
    _ port: Int, as name: String? = "client", anchors: String = "ca", expecting: PeerExpectation = .spiffe("spiffe://test.example/server"),
    configuration: HTTPClientConfiguration = .init(timeouts: .init(drain: .seconds(2))), logger: Logger = quiet
) throws -> HTTPClient {
    HTTPClient(
        origin: URL(string: "https://127.0.0.1:\(port)")!, credentials: try name.map { try TestPKI.shared.credentials($0) },
        trustAnchors: TestPKI.shared.path("\(anchors).pem"), expectation: expecting, configuration: configuration, logger: logger)
}

/// Runs a client for the length of `body`.
func withClient(
    _ port: Int, as name: String? = "client", anchors: String = "ca", expecting: PeerExpectation = .spiffe("spiffe://test.example/server"),
    configuration: HTTPClientConfiguration = .init(timeouts: .init(drain: .seconds(2))), _ body: (HTTPClient) async throws -> Void
) async throws {
    let client = try makeClient(port, as: name, anchors: anchors, expecting: expecting, configuration: configuration)
    do {
        try await body(client)
    } catch {
        await client.shutdown()
        throw error
    }
    await client.shutdown()
}

func get(_ path: String, _ fields: HTTPFields = [:]) -> HTTPRequest {
    HTTPRequest(method: .get, scheme: nil, authority: nil, path: path, headerFields: fields)
}
func post(_ path: String, _ fields: HTTPFields = [:]) -> HTTPRequest {
    HTTPRequest(method: .post, scheme: nil, authority: nil, path: path, headerFields: fields)
}

extension HTTPClientResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A client error, or nil if the request went through.
func failure(_ work: () async throws(HTTPClientError) -> HTTPClientResponse) async -> HTTPClientError? {
    do throws(HTTPClientError) {
        _ = try await work()
        return nil
    } catch { return error }
}

/// xorshift64*: the same bytes in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 32) } }
}

/// Throws outside of the macro: inside of it the compiler does not see that a closure throws.
func expectHello(_ client: HTTPClient, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let response = try await client.send(get("/hello"))
    #expect(response.text == "hello", sourceLocation: sourceLocation)
}
func text(_ client: HTTPClient, _ path: String) async throws -> String { try await client.send(get(path)).text }

/// Whether the bytes are those of a body of 64 kB blocks, each of its own value, from `start` on.
func isPattern(_ buffer: ByteBuffer, at start: Int) -> Bool {
    var rest = buffer
    var at = start
    while rest.readableBytes > 0 {
        guard let slice = rest.readSlice(length: min(rest.readableBytes, 65_536 - at % 65_536)) else { return false }
        if slice != ByteBuffer(repeating: UInt8(at / 65_536 & 0xFF), count: slice.readableBytes) { return false }
        at += slice.readableBytes
    }
    return true
}
