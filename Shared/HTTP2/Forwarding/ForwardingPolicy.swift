public import Foundation

/// Where requests can be forwarded to.
public struct ForwardingUpstream: Sendable {
    /// `https://host:port`
    public var origin: URL
    public var credentials: TLSCredentials?
    /// A PEM file's path or the PEM text; nil: those of `credentials`.
    public var trustAnchors: String?
    public var expectation: PeerExpectation
    /// `maximumConnections` and `maximumWaiting` count per event loop.
    public var configuration: HTTPClientConfiguration

    public init(
        origin: URL, credentials: TLSCredentials?, trustAnchors: String? = nil, expectation: PeerExpectation,
        configuration: HTTPClientConfiguration = .init(maximumConnections: 2, maximumWaiting: 1000)
    ) {
        self.origin = origin
        self.credentials = credentials
        self.trustAnchors = trustAnchors
        self.expectation = expectation
        self.configuration = configuration
    }
}

/// A request's head as a forwarding policy sees it. Strings are made only when asked for.
public struct ForwardedRequest {
    let list: HeaderList
    /// The client's certificate, nil if it presented none.
    public let peer: PeerIdentity?
    /// The client's IP address, without the port.
    public let remoteAddress: String

    public var method: String { list.value(":method") ?? "" }
    /// Path and query as they came.
    public var path: String { list.value(":path") ?? "" }
    public var authority: String { list.value(":authority") ?? "" }
    /// The first value of a header field; `name` in lower case.
    public func header(_ name: String) -> String? { list.fields.first { list.name(of: $0, is: name) }.map { list.valueText(of: $0) } }
    /// All values of a header field; `name` in lower case.
    public func headers(_ name: String) -> [String] { list.fields.filter { list.name(of: $0, is: name) }.map { list.valueText(of: $0) } }
    /// Whether the path begins so, without making a string of it.
    public func pathHasPrefix(_ prefix: String) -> Bool {
        guard let field = list.first(":path") else { return false }
        return list.valueBytes(of: field).starts(with: prefix.utf8)
    }
}

/// What is done to a head on its way. Fields that are set replace all of the same name.
public struct HeaderEdits: Sendable {
    public let remove: [String]
    public let set: [(name: String, value: String)]
    /// Replaces the request's path and query.
    public let path: String?
    /// One bit per length of a name concerned: most fields are seen to be untouched at a glance.
    let lengths: UInt64

    /// Names may be given in any case.
    public init(remove: [String] = [], set: [(name: String, value: String)] = [], path: String? = nil) {
        self.remove = remove.map { $0.lowercased() }
        self.set = set.map { ($0.name.lowercased(), $0.value) }
        self.path = path
        var lengths: UInt64 = 0
        for name in self.remove { lengths |= 1 << UInt64(name.utf8.count & 63) }
        for (name, _) in self.set { lengths |= 1 << UInt64(name.utf8.count & 63) }
        self.lengths = lengths
    }
    public static let none = HeaderEdits()

    func concerns(_ field: HeaderList.Field, of list: HeaderList) -> Bool {
        guard lengths & (1 << UInt64(Int(field.nameLength) & 63)) != 0 else { return false }
        return remove.contains { list.name(of: field, is: $0) } || set.contains { list.name(of: field, is: $0.name) }
    }
}

/// An answer of the forwarding server's own.
public struct LocalResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// What becomes of a request.
public enum ForwardingDecision: Sendable {
    /// To `upstreams[upstream]`. `maximumBody`: bytes of the request's body; `tooLarge` answers when there are more, announced or found out on the way.
    /// `unavailable` answers when there is no connection, the upstream breaks off before its answer, or does not answer in time.
    case forward(
        upstream: Int, request: HeaderEdits = .none, response: HeaderEdits = .none, maximumBody: Int? = nil, tooLarge: LocalResponse = LocalResponse(status: 413),
        unavailable: LocalResponse = LocalResponse(status: 503))
    case respond(LocalResponse)
}

/// How a forwarded request ended, for logs and metrics.
public struct ForwardingRecord: Sendable {
    public let method: String
    public let path: String
    public let remoteAddress: String
    /// nil: answered here.
    public let upstream: Int?
    /// nil: broken off before an answer.
    public let status: Int?
    /// Why the upstream did not serve it, nil if it did.
    public let failure: String?
    public let requestBytes: Int
    public let responseBytes: Int
    public let duration: Duration
}
