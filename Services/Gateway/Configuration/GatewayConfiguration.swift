import Foundation
import HTTP2
import ServiceKit

/// Configuration of one gateway, strict YAML. A gateway serves one plane and speaks to that plane only (design section 1).
public struct GatewayConfiguration: ServiceConfiguration {
    public enum Plane: String, Decodable, Sendable, CaseIterable { case provider, handset }

    public var logging: LoggingConfiguration
    public var health: ListenerConfiguration
    /// The public side.
    public var listener: ListenerConfiguration
    public var plane: Plane
    /// The plane's listener, its identity, and our certificate for it.
    public var upstream: PeerConfiguration
    /// Host names and addresses that clients may address this gateway by, without port.
    public var hosts: [String]
    /// Base path of the Provider API.
    public var providerPrefix: String
    /// Bytes of a request's body.
    public var maximumBody: Int
    public var drainTimeout: Seconds

    private enum CodingKeys: String, CodingKey { case logging, health, listener, plane, upstream, hosts, providerPrefix, maximumBody, drainTimeout }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        logging = try keys.decode(LoggingConfiguration.self, forKey: .logging, default: LoggingConfiguration())
        health = try keys.decode(ListenerConfiguration.self, forKey: .health)
        listener = try keys.decode(ListenerConfiguration.self, forKey: .listener)
        plane = try keys.decode(Plane.self, forKey: .plane)
        upstream = try keys.decode(PeerConfiguration.self, forKey: .upstream)
        hosts = try keys.decode([String].self, forKey: .hosts)
        providerPrefix = try keys.decode(String.self, forKey: .providerPrefix, default: "/sptsm/1.0")
        maximumBody = try keys.decode(Int.self, forKey: .maximumBody, default: 1 << 20)
        drainTimeout = try keys.decode(Seconds.self, forKey: .drainTimeout, default: Seconds(30))
    }

    public func validate() throws {
        try listener.requireGroups([], path: "listener")
        guard !hosts.isEmpty else { throw ConfigurationError(.invalidValue, path: "hosts", reason: "names nothing: clients could not address this gateway") }
        guard maximumBody > 0 else { throw ConfigurationError(.invalidValue, path: "maximumBody", reason: "must be positive") }
        guard providerPrefix.hasPrefix("/"), !providerPrefix.hasSuffix("/") else {
            throw ConfigurationError(.invalidValue, path: "providerPrefix", reason: "begins with / and does not end with it")
        }
    }

    /// Base paths that are forwarded; everything else does not exist here.
    var forwardedPrefixes: [String] {
        switch plane {
        case .provider: [providerPrefix]
        case .handset: ["/tsm-api/v1", "/gp/seram"]
        }
    }
}
