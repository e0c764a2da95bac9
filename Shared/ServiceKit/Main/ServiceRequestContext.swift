import HTTP2
import Hummingbird

/// The request context of our services: who is calling, and JSON as ``WireJSON`` has it.
public struct ServiceRequestContext: PeerRequestContext {
    public typealias Source = ConnectionSource

    public var coreContext: CoreRequestContextStorage
    public let peer: PeerIdentity?
    public let remoteAddress: String

    public init(source: ConnectionSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.peer
        remoteAddress = source.remoteAddress
    }

    public var requestDecoder: WireCoder { WireCoder() }
    public var responseEncoder: WireCoder { WireCoder() }
    /// Bytes; routes that take files collect with a bound of their own.
    public var maxUploadSize: Int { 1 << 20 }
}
