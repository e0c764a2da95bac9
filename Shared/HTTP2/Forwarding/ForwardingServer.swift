public import Logging
public import NIOCore
import NIOPosix
public import ServiceLifecycle

/// Forwards requests from one listener to upstream servers, stream to stream on the same event loop, with back pressure
/// through the windows of both sides. HTTP/1.1 clients are served too where the configuration accepts them.
public final class ForwardingServer: Service, Sendable {
    public let configuration: HTTPServerConfiguration
    private let listener: ServerListener
    private let pools: [ConnectionPool]
    private let ended: [Latch]

    /// - Parameters:
    ///   - upstreamTimeout: from the end of sending to the head of the answer, and between bytes of a request's body.
    ///   - onFinish: called on the event loop for every request; must be quick.
    ///   - policy: called on the event loop for every request head; must be quick.
    /// Throws `HTTPClientError.refused` if an upstream's origin is malformed.
    public init(
        configuration: HTTPServerConfiguration, upstreams: [ForwardingUpstream], upstreamTimeout: Duration = .seconds(60),
        onFinish: (@Sendable (ForwardingRecord) -> Void)? = nil, eventLoopGroup: (any EventLoopGroup)? = nil, logger: Logger,
        policy: @escaping @Sendable (ForwardedRequest) -> ForwardingDecision
    ) throws {
        self.configuration = configuration
        let group = eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton
        let loops = ServerListener.loops(of: group)
        let targets = try upstreams.map {
            try ConnectionTarget(
                origin: $0.origin, credentials: $0.credentials, trustAnchors: $0.trustAnchors, expectation: $0.expectation, configuration: $0.configuration,
                logger: logger)
        }
        var forwarders: [ObjectIdentifier: Forwarder] = [:]
        var pools: [ConnectionPool] = []
        var ended: [Latch] = []
        for (id, loop) in loops {
            let own = targets.map { target in
                let latch = Latch()
                ended.append(latch)
                return ConnectionPool(target: target, loop: loop, ended: latch)
            }
            pools += own
            forwarders[id] = Forwarder(pools: own, policy: policy, onFinish: onFinish, upstreamTimeout: TimeAmount(upstreamTimeout), logger: logger)
        }
        self.pools = pools
        self.ended = ended
        let all = forwarders
        listener = ServerListener(configuration: configuration, group: group, loops: loops, logger: logger) { stream, connection in
            all[ObjectIdentifier(connection.loop.eventLoop)].map { ForwardedExchange(downstream: stream, connection: connection, forwarder: $0) }
        }
    }

    /// Binds the address. Returns the port; once per server. Throws `HTTPServerError`.
    @discardableResult
    public func start() async throws -> Int { try await listener.start() }

    /// Runs until graceful shutdown, `shutdown()`, or cancellation of the task.
    public func run() async throws {
        try await listener.run()
        await endPools()
    }

    /// Ends in order: running requests finish within the drain time.
    public func shutdown() async {
        await listener.shutdown()
        await endPools()
    }

    /// The bound port, nil while the server is not running.
    public var port: Int? { listener.port }

    private func endPools() async {
        for pool in pools { pool.loop.post { pool.shutdown() } }
        for latch in ended { await latch.wait() }
    }
}

/// What the forwarded requests of one event loop share.
///
/// `@unchecked Sendable`: confined to its event loop but for constants.
final class Forwarder: @unchecked Sendable {
    let pools: [ConnectionPool]
    let policy: @Sendable (ForwardedRequest) -> ForwardingDecision
    let onFinish: (@Sendable (ForwardingRecord) -> Void)?
    let upstreamTimeout: TimeAmount
    let logger: Logger

    init(
        pools: [ConnectionPool], policy: @escaping @Sendable (ForwardedRequest) -> ForwardingDecision, onFinish: (@Sendable (ForwardingRecord) -> Void)?,
        upstreamTimeout: TimeAmount, logger: Logger
    ) {
        self.pools = pools
        self.policy = policy
        self.onFinish = onFinish
        self.upstreamTimeout = upstreamTimeout
        self.logger = logger
    }
}
