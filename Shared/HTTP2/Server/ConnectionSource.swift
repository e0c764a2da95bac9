public import Hummingbird
public import Logging
public import NIOCore

/// What a Hummingbird request context is made from: the connection that carried the request.
public struct ConnectionSource: RequestContextSource {
    /// The client's certificate, nil if it presented none.
    public let peer: PeerIdentity?
    /// The client's IP address, without the port.
    public let remoteAddress: String
    public let channel: any Channel
    /// The connection's: `hb.request.id` is the same for all its requests.
    public let logger: Logger

    public init(peer: PeerIdentity?, remoteAddress: String, channel: any Channel, logger: Logger) {
        self.peer = peer
        self.remoteAddress = remoteAddress
        self.channel = channel
        self.logger = logger
    }
}

/// A request context that knows who is calling.
public protocol PeerRequestContext: RequestContext {
    var peer: PeerIdentity? { get }
    var remoteAddress: String { get }
}

/// The plainest context that knows who is calling.
public struct BasicPeerRequestContext: PeerRequestContext {
    public typealias Source = ConnectionSource
    public var coreContext: CoreRequestContextStorage
    public let peer: PeerIdentity?
    public let remoteAddress: String

    public init(source: ConnectionSource) {
        coreContext = .init(source: source)
        peer = source.peer
        remoteAddress = source.remoteAddress
    }
}
