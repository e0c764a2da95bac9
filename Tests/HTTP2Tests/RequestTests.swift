import HTTPTypes
import NIOCore
import Synchronization
import Testing

@testable import HTTP2

@Suite("Requests through the router") struct RequestTests {
    @Test func plainRequests() async throws {
        try await withServer { _, port in
            try await withClient(port) { client in
                let response = try await client.send(get("/hello"))
                #expect(response.status == .ok)
                #expect(response.text == "hello")
                #expect(response.headerFields[.contentLength] == "5")
                #expect(response.headerFields[.date]?.hasSuffix("GMT") == true)
                #expect(try await client.send(get("/missing")).status == .notFound)
                #expect(try await client.send(get("/fails")).status == .internalServerError)
                #expect(try await client.send(get("/header", [HTTPField.Name("x-test")!: "value"])).text == "value")
                #expect(try await client.send(get("/peer")).text == "spiffe://test.example/client from 127.0.0.1")
                #expect(client.peerIdentity?.spiffeID == "spiffe://test.example/server")
                let first = try await client.send(get("/id")).text
                #expect(try await client.send(get("/id")).text != first)
            }
        }
    }

    @Test func responsesWithoutBody() async throws {
        try await withServer { _, port in
            try await withClient(port) { client in
                let none = try await client.send(get("/nothing"))
                #expect(none.status == .noContent)
                #expect(none.headerFields[.contentLength] == nil)
                let head = try await client.send(HTTPRequest(method: .head, scheme: nil, authority: nil, path: "/hello"))
                #expect(head.status == .ok)
                #expect(head.body.isEmpty)
                #expect(head.headerFields[.contentLength] == "5")
            }
        }
    }

    @Test func bodiesBothWays() async throws {
        try await withServer { _, port in
            try await withClient(port) { client in
                var generator = SeededGenerator(state: 7)
                for size in [0, 1, 16_383, 16_384, 16_385, 300_000] {
                    let body = generator.bytes(size)
                    let response = try await client.send(post("/echo"), body: body)
                    #expect(response.body == body, "\(size) bytes")
                }
                let large = try await client.send(get("/bytes/1000000"))
                #expect(large.body.count == 1_000_000)
                let counted = try await client.send(post("/count"), body: [UInt8](repeating: 1, count: 2_000_000))
                #expect(counted.text == "2000000")
            }
        }
    }

    @Test func trailersAfterABody() async throws {
        try await withServer { _, port in
            try await withClient(port) { client in
                let response = try await client.stream(get("/trailers"))
                #expect(try await response.body.collect(upTo: 100) == Array("body".utf8))
                #expect(response.body.inbound.trailers?.value("x-sum") == "4")
            }
        }
    }

    @Test func aFailureHalfWayIsNoCompleteResponse() async throws {
        try await withServer { _, port in
            try await withClient(port) { client in
                let error = await failure { () throws(HTTPClientError) in try await client.send(get("/breaks")) }
                #expect(error == .streamReset(.internalError))
                try await expectHello(client)
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func twentyMegabytesWithASlowReader() async throws {
        try await withServer { _, port in
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
                #expect(response.status == .ok)
                var received = 0
                var paused = false
                for try await part in response.body {
                    #expect(isPattern(part, at: received))
                    received += part.readableBytes
                    if !paused, received > 1_000_000 {
                        // Reads nothing for a while: what is under way must be bounded by the windows, not by memory.
                        paused = true
                        var before = -1
                        while before != sent.withLock({ $0 }) {
                            before = sent.withLock { $0 }
                            try await Task.sleep(for: .milliseconds(100))
                        }
                        #expect(sent.withLock { $0 } - received < 6 * 1024 * 1024)
                    }
                }
                #expect(received == total)
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func aThousandAtOnce() async throws {
        try await withServer { _, port in
            try await withClient(port) { client in
                let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for index in 0..<1000 {
                        group.addTask {
                            let body = Array("body \(index)".utf8)
                            return try await client.send(post("/echo"), body: body).body == body
                        }
                    }
                    var good = 0
                    for try await answer in group where answer { good += 1 }
                    return good
                }
                #expect(answers == 1000)
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func sequentialPostsAfterABurst() async throws {
        try await withServer { _, port in
            try await withClient(port, configuration: .init(maximumConnections: 1)) { client in
                let body = [UInt8](repeating: 5, count: 16_384)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<200 {
                        group.addTask {
                            let response = try await client.send(post("/echo"), body: body)
                            #expect(response.body.count == 16_384)
                        }
                    }
                    try await group.waitForAll()
                }
                // A window that leaked in the burst would stall one of these until its time-out.
                for _ in 0..<200 { #expect(try await client.send(post("/count"), body: body).text == "16384") }
            }
        }
    }

    @Test func anAnswerBeforeTheEndOfTheRequest() async throws {
        try await withServer { _, port in
            try await withClient(port) { client in
                for _ in 0..<5 {
                    let response = try await client.send(post("/ignore"), body: [UInt8](repeating: 0, count: 5_000_000))
                    #expect(response.status == .forbidden)
                    #expect(response.text == "no")
                }
                // The windows of the bodies that nobody read are back.
                #expect(try await client.send(post("/count"), body: [UInt8](repeating: 1, count: 3_000_000)).text == "3000000")
            }
        }
    }

    @Test func cancellationReachesTheHandler() async throws {
        let gate = TestGate()
        try await withServer(gate: gate) { _, port in
            try await withClient(port) { client in
                let task = Task { () -> HTTPClientError? in await failure { () throws(HTTPClientError) in try await client.send(get("/wait")) } }
                await gate.entered.wait()
                task.cancel()
                #expect(await task.value == .cancelled)
                await gate.cancelled.wait()
                try await expectHello(client)
            }
        }
    }

    @Test func aClientThatLeavesInTheMiddleOfABody() async throws {
        let gate = TestGate()
        try await withServer(gate: gate) { _, port in
            let client = try makeClient(port, configuration: .init(timeouts: .init(drain: .milliseconds(50))))
            let (parts, feed) = AsyncStream<ByteBuffer>.makeStream()
            feed.yield(ByteBuffer(repeating: 1, count: 1000))
            let request = Task { () -> HTTPClientError? in
                await failure { () throws(HTTPClientError) in try await client.send(post("/stall"), bodyStream: parts) }
            }
            await gate.entered.wait()
            await client.shutdown()
            await gate.cancelled.wait()
            #expect(await request.value != nil)
            feed.finish()
            try await withClient(port) { try await expectHello($0) }
        }
    }

    @Test func timeouts() async throws {
        let gate = TestGate()
        try await withServer(gate: gate) { _, port in
            try await withClient(port) { client in
                try await expectHello(client)
                let error = await failure { () throws(HTTPClientError) in try await client.send(get("/wait"), timeout: .milliseconds(500)) }
                #expect(error == .timeout(.milliseconds(500)))
                await gate.cancelled.wait()
            }
        }
    }

    @Test func aBodyThatStopsComing() async throws {
        let gate = TestGate()
        try await withServer(timeouts: .init(bodyIdle: .milliseconds(200), drain: .seconds(2)), gate: gate) { _, port in
            try await withClient(port) { client in
                let (parts, feed) = AsyncStream<ByteBuffer>.makeStream()
                feed.yield(ByteBuffer(repeating: 1, count: 1000))
                let error = await failure { () throws(HTTPClientError) in try await client.send(post("/stall"), bodyStream: parts) }
                #expect(error == .streamReset(.cancel))
                feed.finish()
                await gate.cancelled.wait()
            }
        }
    }

    @Test func limitsOfTheClient() async throws {
        try await withServer { _, port in
            try await withClient(port, configuration: .init(maximumBody: 1000)) { client in
                #expect(await failure { () throws(HTTPClientError) in try await client.send(get("/bytes/1001")) } == .tooLarge(limit: 1000))
                let small = try await client.send(get("/bytes/1000"))
                #expect(small.body.count == 1000)
            }
            try await withClient(port, configuration: .init(permitsAddress: { $0 != "127.0.0.1" })) { client in
                guard case .refused = await failure({ () throws(HTTPClientError) in try await client.send(get("/hello")) }) else {
                    Issue.record("connected to an address that is not permitted")
                    return
                }
            }
        }
    }

    @Test func nobodyListens() async throws {
        try await withClient(1) { client in
            guard case .cannotConnect = await failure({ () throws(HTTPClientError) in try await client.send(get("/hello")) }) else {
                Issue.record("connected to nobody")
                return
            }
        }
        let client = HTTPClient(origin: .init(string: "http://127.0.0.1:1")!, credentials: nil, expectation: .dnsName("x"), logger: quiet)
        guard case .refused = await failure({ () throws(HTTPClientError) in try await client.send(get("/hello")) }) else {
            Issue.record("an origin without TLS was accepted")
            return
        }
    }
}
