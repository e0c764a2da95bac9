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
    /// The connection's: `hb.request.id` in its metadata is the same for all its requests.
    public let logger: Logger
    public let requestID: RequestID

    public init(peer: PeerIdentity?, remoteAddress: String, channel: any Channel, logger: Logger, requestID: RequestID = .none) {
        self.peer = peer
        self.remoteAddress = remoteAddress
        self.channel = channel
        self.logger = logger
        self.requestID = requestID
    }
}

/// A request's ID, unique in the process; text only when somebody asks for it.
public struct RequestID: Sendable, Hashable, CustomStringConvertible {
    let connection: String
    let number: Int
    /// Of a request that no connection carried.
    public static let none = RequestID(connection: "0", number: 0)
    public var description: String { "\(connection)-\(number)" }
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
    private let requestID: RequestID
    public var id: String { requestID.description }

    public init(source: ConnectionSource) {
        coreContext = .init(source: source)
        peer = source.peer
        remoteAddress = source.remoteAddress
        requestID = source.requestID
    }
}
