import Foundation
@testable import HTTP2
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Synchronization

private let silent = Logger(label: "online") { _ in SwiftLogNoOpLogHandler() }

/// What an online service saw of one request.
struct SeenRequest: Sendable {
    var path: String
    var headers: HTTPFields
    var body: [UInt8]
    var peer: String?
}

/// An online service over the real server: one answer to everything.
final class OnlineServer: Sendable {
    private let seen = Mutex<[SeenRequest]>([])
    var requests: [SeenRequest] { seen.withLock { $0 } }

    /// Runs it for the length of `body`, which is given the server and its port.
    static func run(_ pki: OnlinePKI, as name: String = "server", trusting anchors: String = "tsm", http2: Bool = true, http1: Bool = true,
                    answer: @escaping @Sendable (SeenRequest) async throws -> Response = { _ in Response(status: .ok) },
                    _ body: (OnlineServer, Int) async throws -> Void) async throws {
        let server = OnlineServer()
        let router = Router(context: BasicPeerRequestContext.self)
        router.post("**") { request, context -> Response in
            var bytes: [UInt8] = []
            for try await buffer in request.body { bytes += Array(buffer.readableBytesView) }
            let seen = SeenRequest(path: request.uri.path, headers: request.headers, body: bytes, peer: context.peer?.spiffeID)
            server.seen.withLock { $0.append(seen) }
            return try await answer(seen)
        }
        let configuration = HTTPServerConfiguration(credentials: try pki.credentials(name, anchors: anchors), clientCertificates: .required, acceptsHTTP2: http2, acceptsHTTP1: http1,
                                                    timeouts: .init(drain: .seconds(1)))
        let listener = HTTPServer(configuration: configuration, responder: router.buildResponder(), logger: silent)
        let port = try await listener.start()
        do {
            try await body(server, port)
        } catch {
            await listener.shutdown()
            throw error
        }
        await listener.shutdown()
    }
}

/// An online service that speaks TLS properly and then says whatever the test wants, again and again if it is to be endless.
final class RawServer: Sendable {
    enum Script: Sendable {
        /// Once, then the connection is closed.
        case close(String)
        /// A beginning, then the same without end.
        case endless(String, String)
        case silence
    }

    private final class Talker: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        let script: Script
        var hasBegun = false

        init(_ script: Script) { self.script = script }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !hasBegun else { return }
            hasBegun = true
            switch script {
            case .silence: break
            case .close(let text):
                let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text))).whenComplete { _ in loopBound.value.close(promise: nil) }
            case .endless(let beginning, let more):
                context.write(wrapOutboundOut(ByteBuffer(string: beginning)), promise: nil)
                goOn(context, more)
            }
        }

        private func goOn(_ context: ChannelHandlerContext, _ more: String) {
            guard context.channel.isActive else { return }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: more))).whenSuccess {
                let (handler, context) = bound.value
                context.eventLoop.execute { bound.value.0.goOn(bound.value.1, more) }
                _ = (handler, context)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// - Parameter tls: false: plain TCP.
    static func run(_ pki: OnlinePKI, _ script: Script, tls: Bool = true, _ body: (Int) async throws -> Void) async throws {
        let credentials = try pki.credentials("server")
        let context = try TLSContext(server: credentials.current.material, clientCertificates: .required, acceptsHTTP2: false, acceptsHTTP1: true)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard tls else { return try channel.pipeline.syncOperations.addHandler(Talker(script)) }
                    try channel.pipeline.syncOperations.addHandler(try TLSHandler(
                        context: context, serverName: nil, expectation: nil, handshakeTimeout: .seconds(5), now: { Date() },
                        onEstablished: { context, _ in try context.pipeline.syncOperations.addHandler(Talker(script)) }, onFailure: { _ in }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(channel.localAddress?.port ?? 0)
        } catch {
            try? await channel.close()
            throw error
        }
        try await channel.close()
    }
}
