public import struct Foundation.Date

/// How a client connects and what it accepts.
public struct HTTPClientConfiguration: Sendable {
    /// Connections to the origin at a time; requests share them.
    public var maximumConnections: Int
    /// Requests that wait for a connection at a time.
    public var maximumWaiting: Int
    /// Bytes of a response's body that `send` collects at most.
    public var maximumBody: Int
    /// For the TCP connection.
    public var connectTimeout: Duration
    /// Whether a server that offers only HTTP/1.1 is spoken to.
    public var acceptsHTTP1: Bool
    /// Asked for every address the host's name resolves to (and for a literal one) before it is connected to.
    public var permitsAddress: (@Sendable (String) -> Bool)?
    /// Whether a chain may end in a trust anchor that is itself signed by somebody else: a server's own certificate, or an intermediate CA's.
    public var acceptsPartialChains: Bool
    public var limits: HTTPLimits
    public var timeouts: HTTPTimeouts
    public var now: @Sendable () -> Date

    public init(
        maximumConnections: Int = 4, maximumWaiting: Int = 10_000, maximumBody: Int = 16 * 1024 * 1024, connectTimeout: Duration = .seconds(5),
        acceptsHTTP1: Bool = false, permitsAddress: (@Sendable (String) -> Bool)? = nil, acceptsPartialChains: Bool = false, limits: HTTPLimits = .init(), timeouts: HTTPTimeouts = .init(),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.maximumConnections = maximumConnections
        self.maximumWaiting = maximumWaiting
        self.maximumBody = maximumBody
        self.connectTimeout = connectTimeout
        self.acceptsHTTP1 = acceptsHTTP1
        self.permitsAddress = permitsAddress
        self.acceptsPartialChains = acceptsPartialChains
        self.limits = limits
        self.timeouts = timeouts
        self.now = now
    }
}
