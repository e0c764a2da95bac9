import Foundation
import Logging
import NIOCore
import NIOPosix

/// Whom a pool connects to, and how.
struct ConnectionTarget: Sendable {
    let host: String
    let port: Int
    let tls: TLSContextSource
    let expectation: PeerExpectation
    let configuration: HTTPClientConfiguration
    let logger: Logger

    /// Fails if `origin` is not `https://host[:port]`.
    init(
        origin: URL, credentials: TLSCredentials?, trustAnchors: String?, expectation: PeerExpectation, configuration: HTTPClientConfiguration, logger: Logger
    ) throws(HTTPClientError) {
        guard origin.scheme?.lowercased() == "https", let host = origin.host, !host.isEmpty else {
            throw .refused("the origin \(origin) is not of the form https://host:port")
        }
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        port = origin.port ?? 443
        tls = TLSContextSource(.client(credentials, trustAnchors: trustAnchors, acceptsHTTP1: configuration.acceptsHTTP1, acceptsPartialChains: configuration.acceptsPartialChains))
        self.expectation = expectation
        self.configuration = configuration
        self.logger = logger
    }

    /// The value of `:authority` for this origin.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == 443 ? name : "\(name):\(port)"
    }

    /// Starts one attempt. `pool` hears of its end on the event loop, exactly once: by `connectionIsReady`, by
    /// `attemptFailed`, or by `connectionClosed` of a connection that was never ready.
    func connect(on loop: LoopContext, for pool: ConnectionPool) {
        let context: TLSContext
        do throws(TLSError) { context = try tls.context() } catch { return pool.attemptFailed(.tls(error)) }
        NameResolution.resolve(host, port: port, permits: configuration.permitsAddress, on: loop.eventLoop).whenComplete { result in
            switch result {
            case .success(let addresses): self.connect(to: addresses[...], context, loop, pool)
            case .failure(let error): pool.attemptFailed((error as? HTTPClientError) ?? .cannotConnect("\(host): \(error)"))
            }
        }
    }

    private func connect(to addresses: ArraySlice<SocketAddress>, _ context: TLSContext, _ loop: LoopContext, _ pool: ConnectionPool) {
        guard let address = addresses.first else { return pool.attemptFailed(.cannotConnect("\(host) has no address")) }
        let report = AttemptReport()
        ClientBootstrap(group: loop.eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(ChannelOptions.socketOption(.tcp_nodelay), value: 1)
            .channelOption(ChannelOptions.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 192 * 1024))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.initialize(channel, context, loop, pool, report) }
            }
            .connect(to: address)
            .whenFailure { error in
                // A failure of TLS has been reported with its reason; this is its echo.
                guard !report.isMade else { return }
                let rest = addresses.dropFirst()
                if rest.isEmpty {
                    pool.attemptFailed(.cannotConnect("\(self.host):\(self.port): \(error)"))
                } else {
                    self.connect(to: rest, context, loop, pool)
                }
            }
    }

    private func initialize(_ channel: any Channel, _ context: TLSContext, _ loop: LoopContext, _ pool: ConnectionPool, _ report: AttemptReport) throws {
        let isLiteral = (try? SocketAddress(ipAddress: host, port: port)) != nil
        let handler = try TLSHandler(
            context: context, serverName: isLiteral ? nil : host, expectation: expectation, handshakeTimeout: TimeAmount(configuration.timeouts.handshake),
            now: configuration.now,
            onEstablished: { context, session in
                let pipeline = context.pipeline.syncOperations
                let remoteAddress = context.channel.remoteAddress?.ipAddress ?? host
                if session.applicationProtocol == "h2" {
                    try pipeline.addHandler(
                        try HTTP2Connection(
                            role: .client, loop: loop, limits: configuration.limits, timeouts: configuration.timeouts, peer: session.peer,
                            remoteAddress: remoteAddress, owner: pool, logger: logger))
                } else {
                    try HTTP1ClientHandler.configure(
                        pipeline, HTTP1ClientHandler(pool: pool, peer: session.peer, limits: configuration.limits, timeouts: configuration.timeouts),
                        limits: configuration.limits)
                }
                report.isMade = true
            },
            onFailure: { error in
                guard !report.isMade else { return }
                report.isMade = true
                pool.attemptFailed(.tls(error))
            })
        try channel.pipeline.syncOperations.addHandler(handler)
    }
}

/// Whether an attempt's end has been reported, or will be by the connection it became.
///
/// `@unchecked Sendable`: confined to the event loop of the attempt.
private final class AttemptReport: @unchecked Sendable {
    var isMade = false
}
