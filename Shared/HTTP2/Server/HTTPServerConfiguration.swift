public import struct Foundation.Date

/// Where and how a listener serves.
public struct HTTPServerConfiguration: Sendable {
    /// An IP address or a name of this host.
    public var host: String
    /// 0: the system picks one.
    public var port: Int
    public var credentials: TLSCredentials
    public var clientCertificates: ClientCertificatePolicy
    /// Off only for a listener that speaks HTTP/1.1 alone.
    public var acceptsHTTP2: Bool
    /// Whether clients that offer only HTTP/1.1 by ALPN, or no ALPN at all, are served too.
    public var acceptsHTTP1: Bool
    public var limits: HTTPLimits
    public var timeouts: HTTPTimeouts
    /// For the Date header field and for the validity of certificates.
    public var now: @Sendable () -> Date

    public init(
        host: String = "127.0.0.1", port: Int = 0, credentials: TLSCredentials, clientCertificates: ClientCertificatePolicy = .required,
        acceptsHTTP2: Bool = true, acceptsHTTP1: Bool = false, limits: HTTPLimits = .init(), timeouts: HTTPTimeouts = .init(), now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.host = host
        self.port = port
        self.credentials = credentials
        self.clientCertificates = clientCertificates
        self.acceptsHTTP2 = acceptsHTTP2
        self.acceptsHTTP1 = acceptsHTTP1
        self.limits = limits
        self.timeouts = timeouts
        self.now = now
    }
}
