import HTTP2

/// What becomes of a request: forwarded to the plane with the identity headers set by us, or answered here. Pure.
struct GatewayPolicy: Sendable {
    /// Fields that only we may set towards the plane; whatever a client sends under these names is dropped (design section 1).
    static let certificateHeader = "x-tsms-client-certificate-sha256"
    static let addressHeader = "x-tsms-client-address"
    static let authorityHeader = "x-tsms-authority"
    static let droppedFields = [certificateHeader, addressHeader, authorityHeader, "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip"]

    let plane: GatewayConfiguration.Plane
    let prefixes: [String]
    let hosts: Set<String>
    let maximumBody: Int

    init(_ configuration: GatewayConfiguration) {
        self.init(plane: configuration.plane, prefixes: configuration.forwardedPrefixes, hosts: configuration.hosts, maximumBody: configuration.maximumBody)
    }

    init(plane: GatewayConfiguration.Plane, prefixes: [String], hosts: [String], maximumBody: Int) {
        self.plane = plane
        self.prefixes = prefixes
        self.hosts = Set(hosts.map { $0.lowercased() })
        self.maximumBody = maximumBody
    }

    func decide(_ request: ForwardedRequest) -> ForwardingDecision {
        switch judge(path: request.path, authority: request.authority) {
        case .forward:
            var set: [(name: String, value: String)] = [(Self.addressHeader, request.remoteAddress), (Self.authorityHeader, request.authority)]
            if let peer = request.peer { set.append((Self.certificateHeader, Self.hex(peer.certificateSHA256))) }
            return .forward(upstream: 0, request: HeaderEdits(remove: Self.droppedFields, set: set), maximumBody: maximumBody,
                            tooLarge: GatewayAnswers.tooLarge(plane, maximumBody), unavailable: GatewayAnswers.unavailable(plane))
        case .refuse(let answer):
            return .respond(answer)
        }
    }

    enum Judgement: Sendable {
        case forward
        case refuse(LocalResponse)
    }

    func judge(path: String, authority: String) -> Judgement {
        guard hosts.contains(Self.host(of: authority)) else { return .refuse(GatewayAnswers.misdirected(plane)) }
        guard Self.isPlain(path) else { return .refuse(GatewayAnswers.badPath(plane)) }
        let target = path.prefix { $0 != "?" }
        guard prefixes.contains(where: { target == $0 || target.hasPrefix($0 + "/") }) else { return .refuse(GatewayAnswers.notFound(plane)) }
        return .forward
    }

    /// The authority's host, without the port; IPv6 addresses keep no brackets.
    static func host(of authority: String) -> String {
        let lower = authority.lowercased()
        if lower.hasPrefix("["), let end = lower.firstIndex(of: "]") { return String(lower[lower.index(after: lower.startIndex)..<end]) }
        return lower.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
    }

    /// Paths that two parsers could read differently do not pass: dot segments, empty segments, encoded separators, backslashes, control characters.
    static func isPlain(_ path: String) -> Bool {
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count <= 4096 else { return false }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") }) else { return false }
        let target = path.prefix { $0 != "?" }.lowercased()
        for trick in ["%2f", "%5c", "%2e", "%00", "//", ";"] where target.contains(trick) { return false }
        return !target.split(separator: "/").contains { $0 == "." || $0 == ".." }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
