public import Hummingbird
public import Logging
public import NIOCore
import NIOPosix
public import ServiceLifecycle

/// Serves a Hummingbird responder over HTTP/2 with TLS, and over HTTP/1.1 where configured.
///
/// `run()` starts the server unless `start()` did, and returns after an orderly end: GOAWAY, then the running requests
/// have the drain time to finish.
public final class HTTPServer<Responder: HTTPResponder>: Service, Sendable where Responder.Context: InitializableFromSource<ConnectionSource> {
    public let configuration: HTTPServerConfiguration
    private let listener: ServerListener

    /// - Parameter eventLoopGroup: nil: the process's shared one.
    public init(configuration: HTTPServerConfiguration, responder: Responder, eventLoopGroup: (any EventLoopGroup)? = nil, logger: Logger) {
        self.configuration = configuration
        let group = eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton
        listener = ServerListener(configuration: configuration, group: group, loops: ServerListener.loops(of: group), logger: logger) { stream, connection in
            RequestExchange(stream: stream, connection: connection, responder: responder)
        }
    }

    /// Binds the address. Returns the port; once per server. Throws `HTTPServerError`.
    @discardableResult
    public func start() async throws -> Int { try await listener.start() }

    public func run() async throws { try await listener.run() }

    /// Ends in order; returns when the last connection is closed.
    public func shutdown() async { await listener.shutdown() }

    /// The bound port, nil while the server is not running.
    public var port: Int? { listener.port }
}

extension ServerListener {
    /// Runs until graceful shutdown, `shutdown()`, or cancellation of the task.
    func run() async throws {
        do throws(HTTPServerError) { _ = try await start() } catch {
            // Started before by hand: then there is only to wait.
            guard error == .alreadyStarted else { throw error }
        }
        await withGracefulShutdownHandler {
            await stopped.wait()
        } onGracefulShutdown: {
            Task { await self.shutdown() }
        }
        // The wait ends early when the task is cancelled.
        if !stopped.isOpen { await shutdown() }
    }
}
