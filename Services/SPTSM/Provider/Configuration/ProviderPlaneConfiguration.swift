import Foundation
import ServiceKit

/// The configuration of `sp-tsm provider`.
public struct ProviderPlaneConfiguration: ServiceConfiguration, Sendable {
    public struct Listeners: Decodable, Sendable {
        /// The REST API, behind the gateway; allow-list group `gateway`.
        public var `public`: ListenerConfiguration
        /// Documents for the handset plane; allow-list group `handset`.
        public var `internal`: ListenerConfiguration
        /// `/operator/v1`; allow-list group `operator`.
        public var `operator`: ListenerConfiguration

        public init(public: ListenerConfiguration, internal: ListenerConfiguration, operator: ListenerConfiguration) {
            self.public = `public`
            self.internal = `internal`
            self.operator = `operator`
        }
    }

    public var logging: LoggingConfiguration
    public var health: ListenerConfiguration
    public var store: StoreConfiguration
    public var listeners: Listeners
    public var vault: PeerConfiguration
    public var tokens: TokenSettings
    public var limits: ProviderLimits
    public var access: AccessLimits
    public var notices: NoticeSettings
    /// Where the REST API begins, `/sptsm/1.0`.
    public var prefix: String
    public var drainTimeout: Seconds

    public var storeDirectory: String? { store.directory }

    private enum CodingKeys: String, CodingKey { case logging, health, store, listeners, vault, tokens, limits, access, notices, prefix, drainTimeout }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        logging = try keys.decode(LoggingConfiguration.self, forKey: .logging, default: LoggingConfiguration())
        health = try keys.decode(ListenerConfiguration.self, forKey: .health)
        store = try keys.decode(StoreConfiguration.self, forKey: .store)
        listeners = try keys.decode(Listeners.self, forKey: .listeners)
        vault = try keys.decode(PeerConfiguration.self, forKey: .vault)
        tokens = try keys.decode(TokenSettings.self, forKey: .tokens)
        limits = try keys.decode(ProviderLimits.self, forKey: .limits, default: ProviderLimits())
        access = try keys.decode(AccessLimits.self, forKey: .access, default: AccessLimits())
        notices = try keys.decode(NoticeSettings.self, forKey: .notices, default: NoticeSettings())
        prefix = try keys.decode(String.self, forKey: .prefix, default: "/sptsm/1.0")
        drainTimeout = try keys.decode(Seconds.self, forKey: .drainTimeout, default: Seconds(30))
    }

    public func validate() throws {
        guard prefix.hasPrefix("/"), !prefix.hasSuffix("/"), prefix.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ConfigurationError(.invalidValue, path: "prefix", reason: "a path is expected that begins with / and does not end with one, such as /sptsm/1.0")
        }
        try listeners.public.requireGroups(["gateway"], path: "listeners.public")
        try listeners.internal.requireGroups(["handset"], path: "listeners.internal")
        try listeners.operator.requireGroups(["operator"], path: "listeners.operator")
    }
}
