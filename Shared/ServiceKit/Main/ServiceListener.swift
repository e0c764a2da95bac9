import HTTP2
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Something that binds a port, says which, and serves until graceful shutdown.
public protocol StartableListener: Service {
    /// - Returns: the bound port.
    func start() async throws -> Int
}

extension HTTPServer: StartableListener {}

/// A listener as a service describes it: its name (in the endpoints file and in metrics), where, and what answers.
public struct ServiceListener: Sendable {
    public let name: String
    public let configuration: ListenerConfiguration
    let make: @Sendable (HTTPServerConfiguration, any EventLoopGroup, Logger) throws -> any StartableListener

    /// Routes behind Hummingbird's router: `router.buildResponder()`.
    public init<Responder: HTTPResponder>(_ name: String, _ configuration: ListenerConfiguration, responder: Responder) where Responder.Context: PeerRequestContext, Responder.Context.Source == ConnectionSource {
        self.name = name
        self.configuration = configuration
        make = { HTTPServer(configuration: $0, responder: responder, eventLoopGroup: $1, logger: $2) }
    }

    /// Anything else that serves, for example a forwarder.
    public init(_ name: String, _ configuration: ListenerConfiguration, make: @escaping @Sendable (HTTPServerConfiguration, any EventLoopGroup, Logger) throws -> any StartableListener) {
        self.name = name
        self.configuration = configuration
        self.make = make
    }
}
