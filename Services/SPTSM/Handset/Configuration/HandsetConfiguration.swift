import Foundation
import GlobalPlatform
import ServiceKit

/// Configuration of the handset plane (`sp-tsm handset`), strict YAML.
public struct HandsetConfiguration: ServiceConfiguration {
    /// Group of `listener`: the gateway, and nobody else.
    public static let gatewayGroup = "gateway"
    /// Group of `operator`.
    public static let operatorGroup = "operator"

    public struct Tokens: Decodable, Sendable {
        /// As the key vault writes them into handset tokens.
        public var issuer: String
        public var audience: String
        /// Seconds.
        public var lifetime: Int
    }

    public var logging: LoggingConfiguration
    public var health: ListenerConfiguration
    public var store: StoreConfiguration
    public var listener: ListenerConfiguration
    /// The operator's private listener (`/operator/v1`).
    public var `operator`: ListenerConfiguration
    public var vault: PeerConfiguration
    public var catalogue: PeerConfiguration
    /// Client certificate for the issuers' SEI TSMs; their CAs and identities come with the catalogue's issuer descriptors.
    public var issuers: TLSConfiguration
    public var tokens: Tokens
    /// Who says whether a device that registers is sound.
    public var deviceIntegrity: DeviceIntegrityMode
    public var catalogueMaxStaleness: Seconds
    public var lease: Seconds
    public var proofOfCard: Seconds
    /// AIDs that issuers may name as their security domain.
    public var issuerSecurityDomains: [AID]
    /// IDs of secure component profiles without response MACs that are accepted; default none.
    public var acceptedUnprovenProfiles: [String]
    /// Days that the journal and ended dialogs are kept.
    public var retentionDays: Int
    /// Results for service providers' online services.
    public var spos: SPOSConfiguration
    public var drainTimeout: Seconds

    public var storeDirectory: String? { store.directory }

    private enum CodingKeys: String, CodingKey {
        case logging, health, store, listener, `operator`, vault, catalogue, issuers, tokens, deviceIntegrity, catalogueMaxStaleness, lease, proofOfCard, issuerSecurityDomains, acceptedUnprovenProfiles, retentionDays, spos, drainTimeout
    }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        logging = try keys.decode(LoggingConfiguration.self, forKey: .logging, default: LoggingConfiguration())
        health = try keys.decode(ListenerConfiguration.self, forKey: .health)
        store = try keys.decode(StoreConfiguration.self, forKey: .store)
        listener = try keys.decode(ListenerConfiguration.self, forKey: .listener)
        `operator` = try keys.decode(ListenerConfiguration.self, forKey: .operator)
        vault = try keys.decode(PeerConfiguration.self, forKey: .vault)
        catalogue = try keys.decode(PeerConfiguration.self, forKey: .catalogue)
        issuers = try keys.decode(TLSConfiguration.self, forKey: .issuers)
        tokens = try keys.decode(Tokens.self, forKey: .tokens)
        deviceIntegrity = try keys.decode(DeviceIntegrityMode.self, forKey: .deviceIntegrity)
        catalogueMaxStaleness = try keys.decode(Seconds.self, forKey: .catalogueMaxStaleness, default: Seconds(60))
        lease = try keys.decode(Seconds.self, forKey: .lease, default: Seconds(60))
        proofOfCard = try keys.decode(Seconds.self, forKey: .proofOfCard, default: Seconds(3600))
        issuerSecurityDomains = try keys.decode([AID].self, forKey: .issuerSecurityDomains, default: [.issuerSecurityDomain])
        acceptedUnprovenProfiles = try keys.decode([String].self, forKey: .acceptedUnprovenProfiles, default: [])
        retentionDays = try keys.decode(Int.self, forKey: .retentionDays, default: 90)
        spos = try keys.decode(SPOSConfiguration.self, forKey: .spos, default: SPOSConfiguration())
        drainTimeout = try keys.decode(Seconds.self, forKey: .drainTimeout, default: Seconds(30))
    }

    public func validate() throws {
        try listener.requireGroups([Self.gatewayGroup], path: "listener")
        try `operator`.requireGroups([Self.operatorGroup], path: "operator")
        guard retentionDays > 0 else { throw ConfigurationError(.invalidValue, path: "retentionDays", reason: "must be positive") }
        try spos.validate()
    }
}
