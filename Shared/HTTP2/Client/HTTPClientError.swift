public import HTTPTypes

/// Why a request got no response. The cases are stable; the description says what a person can do.
public enum HTTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The host cannot be reached: name, address, or nobody listens.
    case cannotConnect(String)
    /// TLS failed: the peer, our certificate, or the configuration.
    case tls(TLSError)
    /// The client refuses to send: too much waits already, or the request is malformed.
    case refused(String)
    /// No response in time. The request may have been processed.
    case timeout(Duration)
    /// The peer broke the stream off. The request may have been processed.
    case streamReset(HTTP2ErrorCode)
    /// The peer is going away and stated that it has not processed the request, several times in a row.
    case goAway(String)
    /// The connection ended under way. The request may have been processed.
    case connectionLost(String)
    /// The response's body is larger than the configuration allows (bytes).
    case tooLarge(limit: Int)
    /// The response breaks HTTP.
    case malformedResponse(String)
    /// The task was cancelled.
    case cancelled
    /// The client was shut down.
    case shutDown

    public var description: String {
        switch self {
        case .cannotConnect(let reason): "cannot connect: \(reason)"
        case .tls(let error): "TLS failed: \(error)"
        case .refused(let reason): "not sent: \(reason)"
        case .timeout(let limit): "no response within \(limit); the request may have been processed"
        case .streamReset(let code): "the peer broke the request off with \(code.name); it may have been processed"
        case .goAway(let reason): "the peer takes no more requests: \(reason)"
        case .connectionLost(let reason): "the connection was lost (\(reason)); the request may have been processed"
        case .tooLarge(let limit): "the response's body is larger than \(limit) bytes"
        case .malformedResponse(let reason): "the response breaks HTTP: \(reason)"
        case .cancelled: "the request was cancelled"
        case .shutDown: "the client was shut down"
        }
    }

    /// Whether the request certainly did not reach the application on the other side.
    public var neverLeft: Bool {
        switch self {
        case .cannotConnect, .tls, .refused, .goAway, .shutDown: true
        default: false
        }
    }
}
