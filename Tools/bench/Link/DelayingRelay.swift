import NIOCore
import NIOPosix

/// A TCP relay on loopback that holds every piece back for a while, in both directions: a link with latency and nothing else. Neither loss nor
/// bandwidth is emulated, and connections are set up without delay; what is measured over it uses a connection that is warm.
final class DelayingRelay: Sendable {
    private let channel: any Channel
    let port: Int

    private init(_ channel: any Channel, port: Int) {
        self.channel = channel
        self.port = port
    }

    /// - Parameters:
    ///   - port: on loopback, where connections are relayed to.
    ///   - roundTrip: of both directions together.
    static func start(to port: Int, roundTrip: Duration) async throws -> DelayingRelay {
        let delay = TimeAmount.nanoseconds(Int64(roundTrip.seconds * 5e8))
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            // The connection is taken into service when this is done: nothing of it is read before.
            .childChannelInitializer { near in
                ClientBootstrap(group: near.eventLoop)
                    .channelOption(.socketOption(.tcp_nodelay), value: 1)
                    .channelInitializer { far in far.pipeline.addHandler(Half(to: near, delay)) }
                    .connect(host: "127.0.0.1", port: port)
                    .flatMap { far in near.pipeline.addHandler(Half(to: far, delay)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let own = channel.localAddress?.port else { throw BenchFailure("the relay has no port") }
        return DelayingRelay(channel, port: own)
    }

    func stop() async throws { try await channel.close() }

    /// One direction. Both ends are on one event loop, whose timers run in the order of their times.
    private final class Half: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let other: any Channel
        private let delay: TimeAmount

        init(to other: any Channel, _ delay: TimeAmount) {
            self.other = other
            self.delay = delay
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let (buffer, other) = (unwrapInboundIn(data), other)
            context.eventLoop.scheduleTask(in: delay) { other.writeAndFlush(buffer, promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            let other = other
            context.eventLoop.scheduleTask(in: delay) { other.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
