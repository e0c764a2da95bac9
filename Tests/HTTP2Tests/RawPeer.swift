import Foundation
import NIOCore
import NIOPosix
import Synchronization

@testable import HTTP2

/// A client that speaks TLS properly and whatever the test wants after it. Collects what comes back.
final class RawPeer: Sendable {
    private struct State {
        var received: [UInt8] = []
        var protocolName: String?
        var failure: TLSError?
    }
    private let state = Mutex(State())
    private let channelBox = Mutex<(any Channel)?>(nil)
    let established = Latch()
    let closed = Latch()

    var received: [UInt8] { state.withLock { $0.received } }
    var failure: TLSError? { state.withLock { $0.failure } }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let peer: RawPeer
        init(peer: RawPeer) { self.peer = peer }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            peer.state.withLock { $0.received += Array(buffer.readableBytesView) }
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// - Parameter http1: offers only http/1.1 besides h2; what the server chose is not looked at.
    init(port: Int, http1: Bool = false, as name: String? = "client") async throws {
        let pki = TestPKI.shared
        let material = try name.map { try pki.credentials($0) }
        let context = try TLSContext(client: material?.current.material, anchors: try TLSMaterial.readAnchors(pki.path("ca.pem")), protocols: http1 ? ["http/1.1"] : ["h2"])
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try TLSHandler(
                        context: context, serverName: nil, expectation: nil, handshakeTimeout: .seconds(5), now: { Date() },
                        onEstablished: { context, _ in
                            try context.pipeline.syncOperations.addHandler(Collector(peer: self))
                            self.established.open()
                        },
                        onFailure: { error in
                            self.state.withLock { $0.failure = error }
                            self.established.open()
                        })
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        channelBox.withLock { $0 = channel }
        channel.closeFuture.whenComplete { _ in
            self.established.open()
            self.closed.open()
        }
        await established.wait()
    }

    func send(_ bytes: [UInt8]) async throws {
        guard let channel = channelBox.withLock({ $0 }) else { return }
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }
    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Sends what the peer may refuse to take: a connection closed meanwhile is no error.
    func push(_ bytes: [UInt8]) async { try? await send(bytes) }

    func close() async {
        let channel = channelBox.withLock { $0 }
        try? await channel?.close()
        await closed.wait()
    }

    /// Waits until what has come satisfies `condition`, or the connection is closed.
    func wait(until condition: ([UInt8]) -> Bool) async throws {
        while !condition(received), !closed.isOpen { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// The error code of the last GOAWAY frame that came, nil without one.
    var goAwayCode: UInt32? { frames(received).last { $0.type == 7 }.map { frame in frame.payload[4..<8].reduce(0) { $0 << 8 | UInt32($1) } } }
}

struct RawFrame {
    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]

    init(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    var bytes: [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF), type, flags] + stream.bigEndianBytes + payload
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + RawFrame(4).bytes
    /// A literal header field without indexing (RFC 7541, 6.2.2), lengths below 127.
    static func field(_ name: String, _ value: String) -> [UInt8] { [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8 }
    /// :method GET, :scheme https from the static table, :path and :authority as literals.
    static func requestBlock(_ path: String = "/hello") -> [UInt8] { [0x82, 0x87] + field(":path", path) + field(":authority", "localhost") }
}

extension UInt32 {
    var bigEndianBytes: [UInt8] { [UInt8(self >> 24 & 0xFF), UInt8(self >> 16 & 0xFF), UInt8(self >> 8 & 0xFF), UInt8(self & 0xFF)] }
}

/// The complete frames in what a server sent.
func frames(_ bytes: [UInt8]) -> [RawFrame] {
    var found: [RawFrame] = []
    var at = 0
    while at + 9 <= bytes.count {
        let length = Int(bytes[at]) << 16 | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2])
        guard at + 9 + length <= bytes.count else { break }
        let stream = bytes[(at + 5)..<(at + 9)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        found.append(RawFrame(bytes[at + 3], flags: bytes[at + 4], stream: stream & 0x7FFF_FFFF, Array(bytes[(at + 9)..<(at + 9 + length)])))
        at += 9 + length
    }
    return found
}
