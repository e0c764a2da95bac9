import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import Testing

@testable import HTTP2

@Suite("Abuse of HTTP/2") struct AbuseTests {
    private static let calm = HTTP2ErrorCode.enhanceYourCalm.rawValue

    /// Sends a preface and `bytes` in pieces, and gives the code of the GOAWAY that ends the connection.
    private func end(limits: HTTPLimits = .init(), after bytes: [UInt8]) async throws -> UInt32? {
        var code: UInt32?
        try await withServer(limits: limits) { _, port in
            let peer = try await RawPeer(port: port)
            await peer.push(RawFrame.preface)
            for start in stride(from: 0, to: bytes.count, by: 16_000) { await peer.push(Array(bytes[start..<min(bytes.count, start + 16_000)])) }
            await peer.closed.wait()
            code = peer.goAwayCode
            // Others are not concerned.
            try await withClient(port) { try await expectHello($0) }
        }
        return code
    }

    @Test(.timeLimit(.minutes(5))) func rapidReset() async throws {
        var bytes: [UInt8] = []
        for index in 0..<300 {
            let stream = UInt32(index * 2 + 1)
            bytes += RawFrame(1, flags: 5, stream: stream, RawFrame.requestBlock("/wait")).bytes + RawFrame(3, stream: stream, [0, 0, 0, 8]).bytes
        }
        #expect(try await end(limits: .init(resetBurst: 100, resetsPerSecond: 10), after: bytes) == Self.calm)
    }

    @Test(.timeLimit(.minutes(5))) func streamsThatWeMustReset() async throws {
        // A window beyond 2^31 - 1 is a stream error that our side answers with a reset (RFC 9113, 6.9.1).
        var bytes: [UInt8] = []
        for index in 0..<300 {
            let stream = UInt32(index * 2 + 1)
            bytes += RawFrame(1, flags: 5, stream: stream, RawFrame.requestBlock("/wait")).bytes + RawFrame(8, stream: stream, [0x7F, 0xFF, 0xFF, 0xFF]).bytes
        }
        #expect(try await end(limits: .init(resetBurst: 100, resetsPerSecond: 10), after: bytes) == Self.calm)
    }

    @Test(.timeLimit(.minutes(5))) func pingFlood() async throws {
        let ping = RawFrame(6, [1, 2, 3, 4, 5, 6, 7, 8]).bytes
        #expect(try await end(limits: .init(controlFrameBurst: 200, controlFramesPerSecond: 10), after: Array((0..<400).map { _ in ping }.joined())) == Self.calm)
    }

    @Test(.timeLimit(.minutes(5))) func settingsFlood() async throws {
        let settings = RawFrame(4).bytes
        #expect(try await end(limits: .init(controlFrameBurst: 200, controlFramesPerSecond: 10), after: Array((0..<400).map { _ in settings }.joined())) == Self.calm)
    }

    @Test(.timeLimit(.minutes(5))) func settingsWithTooManyEntries() async throws {
        let entries = Array((0..<33).map { _ in [UInt8](arrayLiteral: 0, 4, 0, 0, 255, 255) }.joined())
        #expect(try await end(after: RawFrame(4, entries).bytes) != nil)
    }

    @Test(.timeLimit(.minutes(5))) func emptyDataFlood() async throws {
        var bytes = RawFrame(1, flags: 4, stream: 1, [0x83, 0x87] + RawFrame.field(":path", "/stall") + RawFrame.field(":authority", "localhost")).bytes
        for _ in 0..<400 { bytes += RawFrame(0, stream: 1).bytes }
        #expect(try await end(limits: .init(controlFrameBurst: 200, controlFramesPerSecond: 10), after: bytes) == Self.calm)
    }

    @Test(.timeLimit(.minutes(5))) func continuationFlood() async throws {
        var bytes = RawFrame(1, flags: 1, stream: 1, RawFrame.requestBlock()).bytes
        for index in 0..<50 { bytes += RawFrame(9, stream: 1, RawFrame.field("x-\(index)", "value")).bytes }
        #expect(try await end(after: bytes) != nil)
    }

    @Test(.timeLimit(.minutes(5))) func headersThatUnfoldWithoutEnd() async throws {
        // One large field in the dynamic table, then referred to a thousand times with a byte each.
        var block = RawFrame.requestBlock() + [0x40, 3] + Array("x-a".utf8) + [0x7F, 0x81, 0x10] + [UInt8](repeating: 0x61, count: 2176)
        block += [UInt8](repeating: 0xBE, count: 1000)
        #expect(try await end(after: RawFrame(1, flags: 5, stream: 1, block).bytes) == Self.calm)
    }

    @Test(.timeLimit(.minutes(5))) func headersBeyondTheLimit() async throws {
        try await withServer { _, port in
            try await withClient(port) { client in
                let name = HTTPField.Name("x-large")!
                let large = await failure { () throws(HTTPClientError) in
                    let response = try await client.send(get("/hello", [name: String(repeating: "x", count: 20_000)]))
                    #expect(response.status.code == 431)
                    return response
                }
                #expect(large == nil)
                // The connection goes on.
                let smaller = try await client.send(get("/hello", [name: String(repeating: "x", count: 10_000)]))
                #expect(smaller.text == "hello")
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func moreStreamsThanAllowed() async throws {
        let gate = TestGate()
        try await withServer(limits: .init(concurrentStreams: 10), gate: gate) { _, port in
            let peer = try await RawPeer(port: port)
            await peer.push(RawFrame.preface)
            try await peer.wait { !frames($0).filter { $0.type == 4 && $0.flags == 0 }.isEmpty }
            try await peer.send(RawFrame(4, flags: 1).bytes)
            for index in 0..<20 { await peer.push(RawFrame(1, flags: 5, stream: UInt32(index * 2 + 1), RawFrame.requestBlock("/wait")).bytes) }
            // It has acknowledged the limit and goes beyond it: the end of the connection (RFC 9113, 5.1.2).
            await peer.closed.wait()
            #expect(peer.goAwayCode == HTTP2ErrorCode.protocolError.rawValue)
            gate.go.open()
            await peer.close()
        }
    }

    @Test(.timeLimit(.minutes(5))) func aHeaderSectionThatIsNotFinished() async throws {
        try await withServer(timeouts: .init(headers: .milliseconds(200), drain: .seconds(2))) { _, port in
            let peer = try await RawPeer(port: port)
            await peer.push(RawFrame.preface + RawFrame(1, flags: 1, stream: 1, RawFrame.requestBlock()).bytes)
            await peer.closed.wait()
        }
    }

    @Test(.timeLimit(.minutes(5))) func aConnectionThatSaysNothing() async throws {
        try await withServer(timeouts: .init(handshake: .milliseconds(200), headers: .milliseconds(200), drain: .seconds(2))) { _, port in
            let silent = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port).get()
            try await silent.closeFuture.get()
            let afterTLS = try await RawPeer(port: port)
            await afterTLS.closed.wait()
        }
    }

    @Test(.timeLimit(.minutes(5))) func idleConnectionsEnd() async throws {
        try await withServer(timeouts: .init(connectionIdle: .milliseconds(200), drain: .seconds(2))) { _, port in
            let peer = try await RawPeer(port: port)
            await peer.push(RawFrame.preface)
            await peer.closed.wait()
            #expect(peer.goAwayCode == 0)
        }
    }

    @Test(.timeLimit(.minutes(5))) func moreConnectionsThanAllowed() async throws {
        try await withServer(limits: .init(connections: 2)) { _, port in
            let first = try await RawPeer(port: port)
            let second = try await RawPeer(port: port)
            #expect(first.failure == nil && second.failure == nil)
            let third = try await RawPeer(port: port)
            await third.closed.wait()
            await first.close()
            await second.close()
        }
    }

    @Test(.timeLimit(.minutes(5))) func noise() async throws {
        try await withServer { _, port in
            var generator = SeededGenerator(state: 42)
            for round in 0..<40 {
                // Not TLS at all.
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port).get()
                var bytes = generator.bytes(Int.random(in: 1...600, using: &generator))
                if round % 2 == 0 { bytes = [22, 3, 1, 2, 0] + bytes }
                channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
                // The server may have been quicker.
                try? await channel.close()
            }
            for round in 0..<60 {
                // TLS, and then noise, with and without a beginning that looks right; some break off at once.
                let peer = try await RawPeer(port: port)
                if round % 3 != 0 { await peer.push(RawFrame.preface) }
                for _ in 0..<5 {
                    let type = UInt8.random(in: 0...12, using: &generator)
                    let payload = generator.bytes(Int.random(in: 0...200, using: &generator))
                    let stream = UInt32.random(in: 0...5, using: &generator)
                    await peer.push(round % 3 == 0 ? payload : RawFrame(type, flags: UInt8.random(in: 0...63, using: &generator), stream: stream, payload).bytes)
                }
                await peer.close()
            }
            try await withClient(port) { try await expectHello($0) }
        }
    }

    @Test(.timeLimit(.minutes(5))) func connectionsBrokenOffAnywhere() async throws {
        // Requests of every kind are cut short at a random moment: nothing may crash, and everybody else is served.
        try await withServer { _, port in
            var generator = SeededGenerator(state: 99)
            for _ in 0..<40 {
                let peer = try await RawPeer(port: port)
                var bytes = RawFrame.preface
                for stream in stride(from: UInt32(1), to: 21, by: 2) {
                    let path = ["/bytes/500000", "/hello", "/fails", "/breaks"].randomElement(using: &generator) ?? "/"
                    bytes += RawFrame(1, flags: 5, stream: stream, RawFrame.requestBlock(path)).bytes
                    if Bool.random(using: &generator) { bytes += RawFrame(3, stream: stream, [0, 0, 0, 8]).bytes }
                }
                await peer.push(Array(bytes.prefix(Int.random(in: 30...bytes.count, using: &generator))))
                for _ in 0..<Int.random(in: 0...5, using: &generator) { await Task.yield() }
                await peer.close()
            }
            try await withClient(port) { try await expectHello($0) }
        }
    }
}
