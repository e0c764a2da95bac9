import ServiceKit

/// The configuration file of `sei-tsm`.
public struct SEITSMConfiguration: ServiceConfiguration {
    public var logging: LoggingConfiguration
    public var health: ListenerConfiguration
    public var store: StoreConfiguration
    /// `/sei/v1`. Its `allow` has one group, `operator`; SP TSMs are those with a contract.
    public var listener: ListenerConfiguration
    /// The issuer's own key vault; the URL ends in `/vault/v1`.
    public var keyVault: PeerConfiguration
    public var contracts: [Contract]
    /// Since the last contact; default 60 s.
    public var dialogLease: Seconds
    /// Since the dialog's opening; default 600 s.
    public var maximumDialog: Seconds
    /// Age of the proof of a component with which a dialog may begin; default 86400 s.
    public var proofValidity: Seconds
    /// Default 120 s.
    public var eligibilityValidity: Seconds
    /// Of journal and closed dialogs; default 90.
    public var retentionDays: Int
    /// Of one SP TSM with one component since its last verified one; default 4.
    public var maximumUnprovenSessions: Int

    public var storeDirectory: String? { store.directory }

    private enum CodingKeys: String, CodingKey {
        case logging, health, store, listener, keyVault, contracts, dialogLease, maximumDialog, proofValidity, eligibilityValidity, retentionDays, maximumUnprovenSessions
    }

    public init(logging: LoggingConfiguration = LoggingConfiguration(), health: ListenerConfiguration, store: StoreConfiguration, listener: ListenerConfiguration,
                keyVault: PeerConfiguration, contracts: [Contract], dialogLease: Seconds = Seconds(60), maximumDialog: Seconds = Seconds(600),
                proofValidity: Seconds = Seconds(86_400), eligibilityValidity: Seconds = Seconds(120), retentionDays: Int = 90, maximumUnprovenSessions: Int = 4) {
        self.logging = logging
        self.health = health
        self.store = store
        self.listener = listener
        self.keyVault = keyVault
        self.contracts = contracts
        self.dialogLease = dialogLease
        self.maximumDialog = maximumDialog
        self.proofValidity = proofValidity
        self.eligibilityValidity = eligibilityValidity
        self.retentionDays = retentionDays
        self.maximumUnprovenSessions = maximumUnprovenSessions
    }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        logging = try keys.decode(LoggingConfiguration.self, forKey: .logging, default: LoggingConfiguration())
        health = try keys.decode(ListenerConfiguration.self, forKey: .health)
        store = try keys.decode(StoreConfiguration.self, forKey: .store)
        listener = try keys.decode(ListenerConfiguration.self, forKey: .listener)
        keyVault = try keys.decode(PeerConfiguration.self, forKey: .keyVault)
        contracts = try keys.decode([Contract].self, forKey: .contracts)
        dialogLease = try keys.decode(Seconds.self, forKey: .dialogLease, default: Seconds(60))
        maximumDialog = try keys.decode(Seconds.self, forKey: .maximumDialog, default: Seconds(600))
        proofValidity = try keys.decode(Seconds.self, forKey: .proofValidity, default: Seconds(86_400))
        eligibilityValidity = try keys.decode(Seconds.self, forKey: .eligibilityValidity, default: Seconds(120))
        retentionDays = try keys.decode(Int.self, forKey: .retentionDays, default: 90)
        maximumUnprovenSessions = try keys.decode(Int.self, forKey: .maximumUnprovenSessions, default: 4)
    }

    public func validate() throws {
        try listener.requireGroups(["operator"], path: "listener")
        guard listener.clientCertificates == .required else {
            throw ConfigurationError(.invalidValue, path: "listener.clientCertificates", reason: "must be required: the certificate is the caller")
        }
        guard !contracts.isEmpty else {
            throw ConfigurationError(.invalidValue, path: "contracts", reason: "is empty: name the SP TSMs that the issuer has a contract with")
        }
        var seen: Set<String> = []
        for (index, contract) in contracts.enumerated() where !seen.insert(contract.spTsm).inserted {
            throw ConfigurationError(.invalidValue, path: "contracts[\(index)].spTsm", reason: "\(contract.spTsm) has two contracts")
        }
        for (index, contract) in contracts.enumerated() {
            for earlier in contracts[..<index] {
                if let (own, others) = contract.overlap(with: earlier) {
                    throw ConfigurationError(.invalidValue, path: "contracts[\(index)].aidPrefixes",
                                             reason: "\(own) has AIDs in common with \(others) of \(earlier.spTsm): each AID belongs to one SP TSM")
                }
            }
        }
        for (path, value) in [("dialogLease", dialogLease.value), ("eligibilityValidity", eligibilityValidity.value)] where !(1...86_400).contains(value) {
            throw ConfigurationError(.invalidValue, path: path, reason: "1 to 86400 seconds are expected")
        }
        guard (dialogLease.value...86_400).contains(maximumDialog.value) else {
            throw ConfigurationError(.invalidValue, path: "maximumDialog", reason: "dialogLease to 86400 seconds are expected")
        }
        guard (60...31_536_000).contains(proofValidity.value) else {
            throw ConfigurationError(.invalidValue, path: "proofValidity", reason: "60 to 31536000 seconds are expected")
        }
        guard (1...36_500).contains(retentionDays) else {
            throw ConfigurationError(.invalidValue, path: "retentionDays", reason: "1 to 36500 days are expected")
        }
        guard (1...1000).contains(maximumUnprovenSessions) else {
            throw ConfigurationError(.invalidValue, path: "maximumUnprovenSessions", reason: "1 to 1000 sessions are expected")
        }
    }

    public var settings: IssuerSettings {
        IssuerSettings(contracts: contracts, dialogLease: dialogLease.value, maximumDialog: maximumDialog.value, proofValidity: proofValidity.value,
                       eligibilityValidity: eligibilityValidity.value, retentionDays: retentionDays, maximumUnprovenSessions: maximumUnprovenSessions)
    }
}
