import Foundation
import HTTPTypes
import NIOPosix
import Synchronization
import Testing

@testable import HTTP2

@Suite("An orderly end") struct DrainTests {
    @Test(.timeLimit(.minutes(5))) func runningRequestsFinish() async throws {
        let gate = TestGate()
        try await withServer(gate: gate) { server, port in
            let client = try makeClient(port)
            let running = Task { () -> Result<HTTPClientResponse, HTTPClientError> in
                do throws(HTTPClientError) { return .success(try await client.send(get("/wait"))) } catch { return .failure(error) }
            }
            await gate.entered.wait()
            let shutdown = Task { await server.shutdown() }
            // The listener is gone, the running request is not.
            while server.port != nil { await Task.yield() }
            gate.go.open()
            #expect(try await running.value.get().text == "waited")
            await shutdown.value
            guard case .cannotConnect = await failure({ () throws(HTTPClientError) in try await client.send(get("/hello")) }) else {
                Issue.record("served after the end")
                return
            }
            await client.shutdown()
        }
    }

    @Test(.timeLimit(.minutes(5))) func whatDoesNotFinishIsCutOff() async throws {
        let gate = TestGate()
        try await withServer(timeouts: .init(drain: .milliseconds(200)), gate: gate) { server, port in
            let client = try makeClient(port)
            let running = Task { () -> HTTPClientError? in await failure { () throws(HTTPClientError) in try await client.send(get("/wait")) } }
            await gate.entered.wait()
            await server.shutdown()
            guard case .connectionLost = await running.value else {
                Issue.record("the request did not fail")
                return
            }
            await gate.cancelled.wait()
            await client.shutdown()
        }
    }

    @Test(.timeLimit(.minutes(5))) func runReturnsAfterShutdown() async throws {
        let credentials = try TestPKI.shared.credentials("server")
        let server = HTTPServer(configuration: .init(credentials: credentials), responder: testRouter(), logger: quiet)
        let port = try await server.start()
        let run = Task { try await server.run() }
        try await withClient(port) { try await expectHello($0) }
        await server.shutdown()
        try await run.value
        #expect(server.port == nil)
        await #expect(throws: HTTPServerError.alreadyStarted) { _ = try await server.start() }
    }

    @Test(.timeLimit(.minutes(5))) func runReturnsAfterCancellation() async throws {
        let credentials = try TestPKI.shared.credentials("server")
        let server = HTTPServer(configuration: .init(credentials: credentials), responder: testRouter(), logger: quiet)
        let run = Task { try await server.run() }
        while server.port == nil { await Task.yield() }
        run.cancel()
        try await run.value
        #expect(server.port == nil)
    }

    @Test(.timeLimit(.minutes(5))) func anAddressInUse() async throws {
        try await withServer { _, port in
            let credentials = try TestPKI.shared.credentials("server")
            let second = HTTPServer(configuration: .init(port: port, credentials: credentials), responder: testRouter(), logger: quiet)
            await #expect(throws: HTTPServerError.self) { _ = try await second.start() }
            await second.shutdown()
        }
    }

    @Test(.timeLimit(.minutes(5))) func aClientReconnectsAfterTheServerHasGone() async throws {
        let credentials = try TestPKI.shared.credentials("server")
        let first = HTTPServer(configuration: .init(credentials: credentials), responder: testRouter(), logger: quiet)
        let port = try await first.start()
        try await withClient(port) { client in
            try await expectHello(client)
            await first.shutdown()
            #expect(await failure { () throws(HTTPClientError) in try await client.send(get("/hello")) }?.neverLeft == true)
            let second = HTTPServer(configuration: .init(port: port, credentials: credentials), responder: testRouter(), logger: quiet)
            _ = try await second.start()
            try await expectHello(client)
            await second.shutdown()
        }
    }

    @Test(.timeLimit(.minutes(5))) func aClientThatIsShutDown() async throws {
        try await withServer { _, port in
            let client = try makeClient(port)
            try await expectHello(client)
            await client.shutdown()
            #expect(await failure { () throws(HTTPClientError) in try await client.send(get("/hello")) } == .shutDown)
        }
    }

    @Test(.timeLimit(.minutes(5))) func nothingOutlivesItsConnection() async throws {
        let seen = Seen()
        let group = MultiThreadedEventLoopGroup.singleton
        let configuration = HTTPServerConfiguration(credentials: try TestPKI.shared.credentials("server"), acceptsHTTP1: true)
        let responder = testRouter()
        let listener = ServerListener(configuration: configuration, group: group, loops: ServerListener.loops(of: group), logger: quiet) { stream, connection in
            let exchange = RequestExchange(stream: stream, connection: connection, responder: responder)
            seen.note([stream, connection, exchange] + ((stream as? HTTP2Stream).map { [$0.connection] } ?? []))
            return exchange
        }
        let port = try await listener.start()
        try await withClient(port) { client in
            try await expectHello(client)
            _ = try await client.send(post("/echo"), body: [UInt8](repeating: 1, count: 100_000))
            _ = await failure { () throws(HTTPClientError) in try await client.send(get("/breaks")) }
            let abandoned = try await client.stream(get("/bytes/5000000"))
            #expect(abandoned.status == .ok)
        }
        let old = try await RawPeer(port: port, http1: true)
        await old.push(Array("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
        await old.closed.wait()
        #expect(seen.count >= 18)
        await listener.shutdown()
        while seen.alive > 0 { try await Task.sleep(for: .milliseconds(10)) }
    }
}

/// Objects that must not live on.
private final class Seen: Sendable {
    private struct Weak: @unchecked Sendable {
        // `@unchecked Sendable`: only asked whether it is nil.
        weak var object: AnyObject?
    }
    private let objects = Mutex<[Weak]>([])
    func note(_ more: [AnyObject]) {
        let more = more.map { Weak(object: $0) }
        objects.withLock { $0 += more }
    }
    var count: Int { objects.withLock { $0.count } }
    var alive: Int { objects.withLock { $0.filter { $0.object != nil }.count } }
}
