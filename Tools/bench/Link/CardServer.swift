import NIOCore
import NIOPosix
import SecureComponentSimulator

/// A simulated card behind TCP on loopback: each APDU and each answer with two bytes of length before it.
final class CardServer: Sendable {
    private let channel: any Channel
    let port: Int

    private init(_ channel: any Channel, port: Int) {
        self.channel = channel
        self.port = port
    }

    static func start(_ card: SimulatedCard) async throws -> CardServer {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in channel.pipeline.addHandler(Dialog(card)) }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let own = channel.localAddress?.port else { throw BenchFailure("the card has no port") }
        return CardServer(channel, port: own)
    }

    func stop() async throws { try await channel.close() }

    /// `@unchecked Sendable`: confined to its event loop.
    private final class Dialog: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let card: SimulatedCard
        private var waiting = ByteBuffer()

        init(_ card: SimulatedCard) { self.card = card }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var arrived = unwrapInboundIn(data)
            waiting.writeBuffer(&arrived)
            while let length = waiting.getInteger(at: waiting.readerIndex, as: UInt16.self), waiting.readableBytes >= 2 + Int(length) {
                waiting.moveReaderIndex(forwardBy: 2)
                guard let command = waiting.readBytes(length: Int(length)), let answer = try? card.transmit(command) else { return context.close(promise: nil) }
                var buffer = context.channel.allocator.buffer(capacity: 2 + answer.count)
                buffer.writeInteger(UInt16(answer.count))
                buffer.writeBytes(answer)
                context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
