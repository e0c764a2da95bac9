import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The sentinel that makes a connection finish its running requests and close.
struct DrainRequest: Sendable {}

/// One listening socket with its connections: accepts, sets up TLS and the agreed version of HTTP, drains at the end.
final class ServerListener: Sendable {
    private enum Phase: Sendable {
        case idle
        case starting
        case running(any Channel)
        case stopping
    }
    private struct State: Sendable {
        var phase = Phase.idle
        var connections: [ObjectIdentifier: any Channel] = [:]
        var lastRefusal: NIODeadline?
        var accepted = 0
    }
    let configuration: HTTPServerConfiguration
    private let group: any EventLoopGroup
    private let loops: [ObjectIdentifier: LoopContext]
    private let tls: TLSContextSource
    private let logger: Logger
    private let makeReceiver: ReceiverFactory
    private let date: DateStamp
    private let state = Mutex(State())
    /// Opens when the listener is shut down and its last connection is gone.
    let stopped = Latch()

    init(configuration: HTTPServerConfiguration, group: any EventLoopGroup, loops: [ObjectIdentifier: LoopContext], logger: Logger, makeReceiver: @escaping ReceiverFactory) {
        self.configuration = configuration
        self.group = group
        self.loops = loops
        self.logger = logger
        self.makeReceiver = makeReceiver
        tls = TLSContextSource(
            .server(
                configuration.credentials, configuration.clientCertificates, acceptsHTTP2: configuration.acceptsHTTP2, acceptsHTTP1: configuration.acceptsHTTP1))
        date = DateStamp(now: configuration.now)
    }

    static func loops(of group: any EventLoopGroup) -> [ObjectIdentifier: LoopContext] {
        var loops: [ObjectIdentifier: LoopContext] = [:]
        for eventLoop in group.makeIterator() { loops[ObjectIdentifier(eventLoop)] = LoopContext(eventLoop: eventLoop) }
        return loops
    }

    var port: Int? {
        state.withLock { state in
            if case .running(let channel) = state.phase { return channel.localAddress?.port }
            return nil
        }
    }

    // MARK: Start

    func start() async throws(HTTPServerError) -> Int {
        let first = state.withLock { state in
            guard case .idle = state.phase else { return false }
            state.phase = .starting
            return true
        }
        guard first else { throw .alreadyStarted }
        // A wrong configuration shows now, not at the first connection.
        do throws(TLSError) { _ = try tls.context() } catch { throw failStart(.tls(error)) }
        let channel: any Channel
        do {
            channel = try await ServerBootstrap(group: group)
                .serverChannelOption(ChannelOptions.backlog, value: 1024)
                .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(ChannelOptions.socketOption(.tcp_nodelay), value: 1)
                .childChannelOption(ChannelOptions.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 192 * 1024))
                .childChannelInitializer { channel in self.initialize(channel) }
                .bind(host: configuration.host, port: configuration.port).get()
        } catch {
            throw failStart(.cannotBind(address: "\(configuration.host):\(configuration.port)", reason: "\(error)"))
        }
        let stopping = state.withLock { state in
            if case .stopping = state.phase { return true }
            state.phase = .running(channel)
            return false
        }
        if stopping { try? await channel.close() }
        return channel.localAddress?.port ?? configuration.port
    }

    private func failStart(_ error: HTTPServerError) -> HTTPServerError {
        state.withLock { $0.phase = .stopping }
        stopped.open()
        return error
    }

    // MARK: Connections

    private func initialize(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            guard let number = admit(channel) else { throw ChannelError.ioOnClosedChannel }
            let remoteAddress = channel.remoteAddress?.ipAddress ?? "unknown"
            let handler = try TLSHandler(
                context: try tls.context(), serverName: nil, expectation: nil, handshakeTimeout: TimeAmount(configuration.timeouts.handshake),
                now: configuration.now,
                onEstablished: { context, session in
                    try self.establish(context, session, remoteAddress: remoteAddress, number: number)
                },
                onFailure: { error in
                    // In TLS 1.3 a refused client sees a closed connection at best: the reason is to be found here.
                    self.logger.log(
                        level: error.code == .closed || error.code == .timeout ? .info : .warning, "TLS handshake failed",
                        metadata: ["peer": "\(remoteAddress)", "code": "\(error.code.rawValue)", "reason": "\(error.message)"])
                })
            try channel.pipeline.syncOperations.addHandler(handler)
        }
    }

    /// Registers a connection and gives its number; nil if there are too many or the listener stops.
    private func admit(_ channel: any Channel) -> Int? {
        let id = ObjectIdentifier(channel)
        let (number, warn) = state.withLock { state -> (Int?, Bool) in
            if case .stopping = state.phase { return (nil, false) }
            guard state.connections.count < configuration.limits.connections else {
                let time = NIODeadline.now()
                let warn = state.lastRefusal.map { time - $0 > .seconds(1) } ?? true
                if warn { state.lastRefusal = time }
                return (nil, warn)
            }
            state.connections[id] = channel
            state.accepted += 1
            return (state.accepted, false)
        }
        if warn { logger.warning("Connections refused: the limit is reached", metadata: ["limit": "\(configuration.limits.connections)"]) }
        guard number != nil else { return nil }
        channel.closeFuture.whenComplete { _ in self.forget(id) }
        return number
    }

    private func forget(_ id: ObjectIdentifier) {
        let last = state.withLock { state in
            state.connections.removeValue(forKey: id)
            if case .stopping = state.phase { return state.connections.isEmpty }
            return false
        }
        if last { stopped.open() }
    }

    private func establish(_ context: ChannelHandlerContext, _ session: TLSSession, remoteAddress: String, number: Int) throws {
        guard let loop = loops[ObjectIdentifier(context.eventLoop)] else {
            throw TLSError(.configuration, "the connection runs on an event loop that is not the server's")
        }
        var logger = self.logger
        logger[metadataKey: "connection"] = "\(number)"
        // Hummingbird's `id` of a request is taken from here. One for all requests of a connection: a logger of its own for each would cost
        // as much as the routing does. Contexts of ours have the request's own `id`; logs tell requests apart by trace and span.
        logger[metadataKey: "hb.request.id"] = "\(number)"
        logger.debug(
            "TLS connection",
            metadata: ["peer": "\(remoteAddress)", "version": "\(session.version)", "suite": "\(session.suite)", "resumed": "\(session.resumed)"])
        let connection = ServedConnection(
            loop: loop, peer: session.peer, remoteAddress: remoteAddress, channel: context.channel, logger: logger, number: String(number, radix: 36), date: date)
        let pipeline = context.pipeline.syncOperations
        if session.applicationProtocol == "h2" {
            let owner = ServedHTTP2Connection(
                connection: connection, maximumTasks: configuration.limits.concurrentStreams * 2, makeReceiver: makeReceiver)
            try pipeline.addHandler(
                try HTTP2Connection(
                    role: .server, loop: loop, limits: configuration.limits, timeouts: configuration.timeouts, peer: session.peer,
                    remoteAddress: remoteAddress, owner: owner, logger: logger))
        } else {
            try HTTP1ServerHandler.configure(
                pipeline, HTTP1ServerHandler(connection: connection, limits: configuration.limits, timeouts: configuration.timeouts, makeReceiver: makeReceiver),
                limits: configuration.limits)
        }
    }

    // MARK: End

    /// Stops accepting, lets running requests finish within the drain time, then closes what is left.
    func shutdown() async {
        let (channel, first) = state.withLock { state -> ((any Channel)?, Bool) in
            let before = state.phase
            state.phase = .stopping
            switch before {
            case .running(let channel): return (channel, true)
            case .idle: return (nil, true)
            case .starting, .stopping: return (nil, false)
            }
        }
        if first {
            if let channel { try? await channel.close() }
            let connections = state.withLock { Array($0.connections.values) }
            if connections.isEmpty { stopped.open() }
            for connection in connections { connection.pipeline.fireUserInboundEventTriggered(DrainRequest()) }
            let deadline = group.any().scheduleTask(in: TimeAmount(configuration.timeouts.drain)) { self.closeAll() }
            await stopped.wait()
            deadline.cancel()
        }
        await stopped.wait()
    }

    /// Closes every connection at once.
    func closeAll() {
        let connections = state.withLock { Array($0.connections.values) }
        if !connections.isEmpty { logger.warning("Connections closed with requests running", metadata: ["connections": "\(connections.count)"]) }
        for connection in connections { connection.close(promise: nil) }
    }
}
