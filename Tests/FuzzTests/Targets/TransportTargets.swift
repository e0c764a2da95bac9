import Foundation
@testable import HTTP2
import Logging
import NIOCore
import NIOEmbedded

/// What follows the TLS handshake on a listener that speaks HTTP/2. The first byte says whether preface and settings are sent for the client,
/// and how the rest is cut into reads.
struct HTTP2Target: FuzzTarget {
    static let name = "http2"

    func run(_ bytes: [UInt8]) throws {
        guard let first = bytes.first else { return }
        try FuzzedConnection.run { connection, served, make in
            let owner = ServedHTTP2Connection(connection: served, maximumTasks: 64, makeReceiver: make)
            try connection.pipeline.syncOperations.addHandler(try HTTP2Connection(
                role: .server, loop: served.loop, limits: FuzzedConnection.limits, timeouts: HTTPTimeouts(), peer: nil, remoteAddress: "peer", owner: owner, logger: served.logger))
        } input: {
            let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
            return (first & 1 == 0 ? preface : []) + bytes.dropFirst()
        } step: { 1 + Int(first >> 1) * 8 }
    }
}

struct HTTP1Target: FuzzTarget {
    static let name = "http1"

    func run(_ bytes: [UInt8]) throws {
        guard let first = bytes.first else { return }
        try FuzzedConnection.run { connection, served, make in
            try HTTP1ServerHandler.configure(
                connection.pipeline.syncOperations,
                HTTP1ServerHandler(connection: served, limits: FuzzedConnection.limits, timeouts: HTTPTimeouts(), makeReceiver: make), limits: FuzzedConnection.limits)
        } input: { Array(bytes.dropFirst()) } step: { 1 + Int(first) * 8 }
    }
}

/// One connection on an event loop of its own, without a network.
private enum FuzzedConnection {
    static let limits = HTTPLimits(headerListSize: 2048, concurrentStreams: 8, streamWindow: 4096, connectionWindow: 8192)

    static func run(_ configure: (EmbeddedChannel, ServedConnection, @escaping ReceiverFactory) throws -> Void, input: () -> [UInt8], step: () -> Int) throws {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        var logger = Logger(label: "fuzz")
        logger.logLevel = .critical
        let served = ServedConnection(loop: LoopContext(eventLoop: channel.eventLoop), peer: nil, remoteAddress: "peer", channel: channel, logger: logger, number: "1", date: DateStamp(now: { Date(timeIntervalSince1970: 0) }))
        let count = Exchanges()
        try configure(channel, served) { stream, _ in
            count.open += 1
            return Answering(stream, count)
        }
        let bytes = input()
        var at = 0
        while at < bytes.count, channel.isActive {
            let end = min(at + step(), bytes.count)
            _ = try? channel.writeInbound(ByteBuffer(bytes: bytes[at..<end]))
            channel.embeddedEventLoop.run()
            while let out = try? channel.readOutbound(as: ByteBuffer.self) { count.sent += out.readableBytes }
            at = end
        }
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        if channel.isActive { channel.close(promise: nil) }
        channel.embeddedEventLoop.run()
        _ = try? channel.finish(acceptAlreadyClosed: true)
        require(count.open == 0, "\(count.open) exchanges did not hear of their end")
        require(count.sent < 1 << 20 + bytes.count * 64, "\(bytes.count) bytes were answered with \(count.sent)")
    }
}

private final class Exchanges: @unchecked Sendable {
    // `@unchecked Sendable`: one thread.
    var open = 0
    var sent = 0
}

/// Reads the body, gives its window back, answers at the end.
private final class Answering: MessageReceiver {
    private let stream: any MessageStream
    private let exchanges: Exchanges
    private var isClosed = false

    init(_ stream: any MessageStream, _ exchanges: Exchanges) {
        self.stream = stream
        self.exchanges = exchanges
    }

    func received(head: borrowing HeaderList, endOfStream: Bool) { if endOfStream { answer() } }
    func received(data: ByteBuffer) { stream.consume(data.readableBytes) }
    func receivedEnd(trailers: HeaderList?) { answer() }

    func closed(_ error: StreamFailure?) {
        require(!isClosed, "an exchange ended twice")
        isClosed = true
        exchanges.open -= 1
    }

    private func answer() {
        var head = HeaderList()
        head.append(":status", "200")
        stream.send(head: head, endOfStream: false)
        stream.send(data: ByteBuffer(string: "answer"))
        stream.sendEnd(trailers: nil)
    }
}
