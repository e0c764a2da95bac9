import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import HTTP2

@Suite("HTTP/1.1 by ALPN") struct HTTP1Tests {
    /// Sends one request as text and gives all that comes back until the server closes.
    private func exchange(_ port: Int, _ text: String) async throws -> String {
        let peer = try await RawPeer(port: port, http1: true, as: nil)
        await peer.push(Array(text.utf8))
        await peer.closed.wait()
        return String(decoding: peer.received, as: UTF8.self)
    }

    @Test(.timeLimit(.minutes(5))) func refusedWhereOnlyHTTP2IsSpoken() async throws {
        let log = LogRecorder()
        try await withServer(policy: .none, logger: log.logger) { _, port in
            let peer = try await RawPeer(port: port, http1: true, as: nil)
            await peer.closed.wait()
            #expect(peer.failure?.code == .alert || peer.failure?.code == .protocolNotOffered || peer.failure?.code == .closed)
        }
        #expect(log.lines.contains { $0.contains("protocolNotOffered") })
    }

    @Test(.timeLimit(.minutes(5))) func requests() async throws {
        try await withServer(policy: .none, acceptsHTTP1: true) { _, port in
            let hello = try await exchange(port, "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            #expect(hello.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(hello.hasSuffix("\r\n\r\nhello"))
            #expect(hello.lowercased().contains("connection: close"))
            let absolute = try await exchange(port, "GET https://example.org/hello HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")
            #expect(absolute.hasSuffix("hello"))
            let chunked = try await exchange(
                port, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
            #expect(chunked.contains("transfer-encoding: chunked"))
            #expect(chunked.contains("hello") && chunked.contains(" world"))
            let old = try await exchange(port, "GET /hello HTTP/1.0\r\n\r\n")
            #expect(old.hasPrefix("HTTP/1.0 200 OK\r\n") && old.hasSuffix("hello"))
            let expecting = try await exchange(
                port, "POST /count HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
            #expect(expecting.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
            #expect(expecting.hasSuffix("\r\n\r\n3"))
            let pipelined = try await exchange(
                port, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(pipelined.components(separatedBy: "HTTP/1.1 ").count == 4)
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: [
        ("both lengths", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("two lengths", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        ("signed length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello"),
        ("list of lengths", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello"),
        ("obs-fold", "GET /hello HTTP/1.1\r\nHost: a\r\nX-Test: a\r\n b\r\n\r\n"),
        ("space before colon", "GET /hello HTTP/1.1\r\nHost: a\r\nX-Test : a\r\n\r\n"),
        ("bad name", "GET /hello HTTP/1.1\r\nHost: a\r\nX\u{00}Y: a\r\n\r\n"),
        ("bare LF", "GET /hello HTTP/1.1\nHost: a\n\n"),
        ("NUL in a value", "GET /hello HTTP/1.1\r\nHost: a\r\nX-Test: a\u{00}b\r\n\r\n"),
        ("two hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("no host", "GET /hello HTTP/1.1\r\n\r\n"),
        ("host with a path", "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        ("CONNECT", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n"),
        ("other coding", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("hidden coding", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("chunked in 1.0", "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("target without slash", "GET hello HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("large header", "GET /hello HTTP/1.1\r\nHost: a\r\nX-Large: \(String(repeating: "x", count: 20_000))\r\n\r\n"),
        ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ])
    func refusals(_ name: String, _ request: String) async throws {
        try await withServer(policy: .none, acceptsHTTP1: true) { _, port in
            // Whatever follows a refused request must not be taken for another one.
            let answer = try await exchange(port, request + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(!answer.contains(" 200 "), "\(name): \(answer)")
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4") || answer.hasPrefix("HTTP/1.1 5"), "\(name): \(answer)")
        }
    }

    /// The answer must not be lost in a reset, and a connection that was not said to end goes on (RFC 9112, 9.6).
    @Test(.timeLimit(.minutes(5))) func anAnswerBeforeTheEndOfTheRequest() async throws {
        try await withServer(policy: .none, acceptsHTTP1: true) { _, port in
            /// Sends a head, and the rest when the answer is there.
            func exchange(_ fields: String, then rest: [UInt8]) async throws -> (early: String, all: String) {
                let peer = try await RawPeer(port: port, http1: true, as: nil)
                try await peer.send("POST /ignore HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n")
                try await peer.wait { String(decoding: $0, as: UTF8.self).hasSuffix("no") }
                let early = String(decoding: peer.received, as: UTF8.self)
                await peer.push(rest)
                await peer.closed.wait()
                return (early.lowercased(), String(decoding: peer.received, as: UTF8.self))
            }
            let next = Array("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8)
            let kept = try await exchange("Content-Length: 500000", then: [UInt8](repeating: 0x78, count: 500_000) + next)
            #expect(kept.early.hasPrefix("http/1.1 403 ") && !kept.early.contains("connection: close"))
            #expect(kept.all.hasSuffix("\r\n\r\nhello"))
            let chunked = try await exchange("Transfer-Encoding: chunked", then: Array("5\r\nhello\r\n0\r\n\r\n".utf8) + next)
            #expect(chunked.all.hasSuffix("\r\n\r\nhello"))
            let last = try await exchange("Content-Length: 5\r\nConnection: close", then: Array("hello".utf8) + next)
            #expect(last.early.contains("connection: close") && !last.all.contains(" 200 "))
            // More than is worth reading.
            let endless = try await exchange("Content-Length: 50000000", then: [UInt8](repeating: 0x78, count: 3_000_000) + next)
            #expect(!endless.all.contains(" 200 "))
            let expecting = try await exchange("Content-Length: 5\r\nExpect: 100-continue", then: Array("hello".utf8) + next)
            #expect(expecting.all.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 ") && expecting.all.hasSuffix("\r\n\r\nhello"))
        }
    }

    /// Nobody holds a connection with a body that never comes.
    @Test(.timeLimit(.minutes(5))) func aRequestThatIsAnsweredAndNeverEnds() async throws {
        try await withServer(policy: .none, acceptsHTTP1: true, timeouts: .init(bodyIdle: .milliseconds(300), drain: .seconds(2))) { _, port in
            let peer = try await RawPeer(port: port, http1: true, as: nil)
            try await peer.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
            await peer.closed.wait()
            #expect(String(decoding: peer.received, as: UTF8.self).hasPrefix("HTTP/1.1 403 "))
        }
    }

    @Test(.timeLimit(.minutes(5))) func aHeadThatComesDropByDrop() async throws {
        try await withServer(policy: .none, acceptsHTTP1: true, timeouts: .init(headers: .milliseconds(200), drain: .seconds(2))) { _, port in
            let peer = try await RawPeer(port: port, http1: true, as: nil)
            for byte in "GET /hello HTTP/1.1\r\n".utf8 {
                await peer.push([byte])
                if peer.closed.isOpen { break }
                try await Task.sleep(for: .milliseconds(30))
            }
            await peer.closed.wait()
        }
    }

    @Test(.timeLimit(.minutes(5))) func theClientSpeaksItToo() async throws {
        try await withServer(policy: .required, acceptsHTTP2: false, acceptsHTTP1: true) { _, port in
            try await withClient(port, configuration: .init(acceptsHTTP1: true, timeouts: .init(drain: .seconds(2)))) { client in
                try await expectHello(client)
                let peer = try await text(client, "/peer")
                #expect(peer == "spiffe://test.example/client from 127.0.0.1")
                let body = [UInt8](repeating: 7, count: 1_000_000)
                let echo = try await client.send(post("/echo"), body: body)
                #expect(echo.body == body)
                let parts = AsyncStream<ByteBuffer> { continuation in
                    for _ in 0..<100 { continuation.yield(ByteBuffer(repeating: 1, count: 1000)) }
                    continuation.finish()
                }
                let counted = try await client.send(post("/count"), bodyStream: parts)
                #expect(counted.text == "100000")
                let streamed = try await client.stream(get("/bytes/2000000"))
                let bytes = try await streamed.body.collect(upTo: 3_000_000)
                #expect(bytes.count == 2_000_000)
                let head = try await client.send(HTTPRequest(method: .head, scheme: nil, authority: nil, path: "/hello"))
                #expect(head.status == .ok && head.body.isEmpty)
                let none = try await client.send(get("/nothing"))
                #expect(none.status == .noContent)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<50 { group.addTask { try await expectHello(client) } }
                    try await group.waitForAll()
                }
            }
            // Whoever insists on HTTP/2 is refused.
            let strict = try makeClient(port)
            guard case .tls = await failure({ () throws(HTTPClientError) in try await strict.send(get("/hello")) }) else {
                Issue.record("spoke HTTP/2 with a server that does not")
                return
            }
            await strict.shutdown()
        }
    }

    // MARK: The check alone

    private func list(_ head: HTTPRequestHead) -> HeaderList? { try? HTTP1RequestCheck.headerList(head, maximumSize: 16_384).get() }

    @Test func whatConcernsTheConnectionOnlyIsLeftOut() throws {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/a?b")
        head.headers = [
            "Host": "example.org", "Connection": "close, X-Secret", "X-Secret": "1", "Keep-Alive": "5", "Upgrade": "h2c", "HTTP2-Settings": "AA", "TE": "trailers",
            "Accept": "x",
        ]
        let fields = try #require(list(head))
        let names = fields.fields.map { fields.nameText(of: $0) }
        #expect(names == [":method", ":scheme", ":authority", ":path", "te", "accept"])
        #expect(fields.value(":path") == "/a?b")
        #expect(fields.value(":authority") == "example.org")
    }

    @Test func targets() {
        func path(_ target: String, _ method: HTTPMethod = .GET) -> String? {
            var head = HTTPRequestHead(version: .http1_1, method: method, uri: target)
            head.headers = ["host": "h"]
            return list(head).map { "\($0.value(":authority") ?? "") \($0.value(":path") ?? "")" }
        }
        #expect(path("/x") == "h /x")
        #expect(path("https://a:1/x?y") == "a:1 /x?y")
        #expect(path("http://a") == "a /")
        #expect(path("https://a?b") == "a /?b")
        #expect(path("*", .OPTIONS) == "h *")
        #expect(path("*") == nil)
        #expect(path("https://user@a/") == nil)
        #expect(path("ftp://a/") == nil)
        #expect(path("/a b") == nil)
        #expect(path("/a#b") == nil)
        #expect(path("") == nil)
    }
}
