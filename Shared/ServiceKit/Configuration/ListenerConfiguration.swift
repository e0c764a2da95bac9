import HTTP2
import Identity

/// One listener: where, with which certificate, and who may do what.
public struct ListenerConfiguration: Sendable, Hashable, Decodable {
    /// Default 127.0.0.1.
    public var host: String
    /// 0: the system picks one, which the endpoints file then names.
    public var port: Int
    public var tls: TLSConfiguration
    /// required (default), optional or none.
    public var clientCertificates: ClientCertificatePolicy
    /// Default false: HTTP/2 only.
    public var acceptsHTTP1: Bool
    /// Route group → identities. Which groups there are, the service says; an empty list is an error.
    public var allow: [String: AllowList]

    public init(
        host: String = "127.0.0.1", port: Int, tls: TLSConfiguration, clientCertificates: ClientCertificatePolicy = .required, acceptsHTTP1: Bool = false,
        allow: [String: AllowList] = [:]
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.clientCertificates = clientCertificates
        self.acceptsHTTP1 = acceptsHTTP1
        self.allow = allow
    }

    private enum CodingKeys: String, CodingKey { case host, port, tls, clientCertificates, acceptsHTTP1, allow }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        host = try keys.decode(String.self, forKey: .host, default: "127.0.0.1")
        port = Int(try keys.decode(UInt16.self, forKey: .port))
        tls = try keys.decode(TLSConfiguration.self, forKey: .tls)
        acceptsHTTP1 = try keys.decode(Bool.self, forKey: .acceptsHTTP1, default: false)
        allow = try keys.decode([String: AllowList].self, forKey: .allow, default: [:])
        switch try keys.decode(String.self, forKey: .clientCertificates, default: "required") {
        case "required": clientCertificates = .required
        case "optional": clientCertificates = .optional
        case "none": clientCertificates = .none
        default: throw DecodingError.dataCorruptedError(forKey: .clientCertificates, in: keys, debugDescription: "required, optional or none is expected")
        }
        if clientCertificates != .none && tls.trustAnchors == nil {
            throw DecodingError.dataCorruptedError(forKey: .tls, in: keys, debugDescription: "trustAnchors is missing: client certificates are asked for and must be verified")
        }
    }

    /// The list of a route group that the service has; without it nobody could use those routes, so its absence is an error at start.
    /// - Throws: ``ConfigurationError`` `missingKey`.
    public func allowList(_ group: String) throws(ConfigurationError) -> AllowList {
        guard let list = allow[group] else {
            throw ConfigurationError(.missingKey, path: "allow.\(group)", reason: "is missing: name the identities that may use the routes of \"\(group)\"")
        }
        return list
    }

    /// - Throws: ``ConfigurationError`` `unknownKey` when `allow` names a group that the service does not have, `missingKey` when it lacks one.
    public func requireGroups(_ groups: Set<String>, path: String) throws(ConfigurationError) {
        for name in allow.keys.sorted() where !groups.contains(name) {
            throw ConfigurationError(.unknownKey, path: "\(path).allow.\(name)", reason: "unknown route group; known here: \(groups.sorted().joined(separator: ", "))")
        }
        for name in groups.sorted() where allow[name] == nil {
            throw ConfigurationError(.missingKey, path: "\(path).allow.\(name)", reason: "is missing: name the identities that may use these routes")
        }
    }
}
