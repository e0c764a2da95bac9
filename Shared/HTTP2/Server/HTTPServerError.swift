/// Why a listener does not serve.
public enum HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The address cannot be bound.
    case cannotBind(address: String, reason: String)
    /// The TLS context cannot be made.
    case tls(TLSError)
    /// `start()` was called twice, or after `shutdown()`.
    case alreadyStarted

    public var description: String {
        switch self {
        case .cannotBind(let address, let reason): "cannot listen on \(address): \(reason)"
        case .tls(let error): "\(error)"
        case .alreadyStarted: "the server was started before: a server starts once"
        }
    }
}
