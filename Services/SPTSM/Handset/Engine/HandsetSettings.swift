import GlobalPlatform

/// Times (seconds) and limits of the handset plane.
public struct HandsetSettings: Sendable, Hashable {
    /// A process ends with category 6 when its handset was silent for this long.
    public var lease: Double
    /// How long a proof of card holds for a device key.
    public var proofOfCard: Double
    /// Components in one handshake.
    public var maximumComponents: Int
    /// Dialogs that one device key may have open; more are refused with category 18.
    public var maximumOpenDialogs: Int
    /// AIDs that issuers may name as their security domain: the only ones that their scripts may select.
    public var issuerSecurityDomains: [AID]
    /// Secure component profiles whose components prove none of their answers (SCP03 without response MACs) and which the operator accepts all the
    /// same: what comes of them is as the handset reports it.
    public var acceptedUnprovenProfiles: Set<String>
    /// Days that the journal and ended dialogs are kept (TR-03165 3.5.1).
    public var retentionDays: Int

    public init(lease: Double = 60, proofOfCard: Double = 3600, maximumComponents: Int = 8, maximumOpenDialogs: Int = 8,
                issuerSecurityDomains: [AID] = [.issuerSecurityDomain], acceptedUnprovenProfiles: Set<String> = [], retentionDays: Int = 90) {
        self.lease = lease
        self.proofOfCard = proofOfCard
        self.maximumComponents = maximumComponents
        self.maximumOpenDialogs = maximumOpenDialogs
        self.issuerSecurityDomains = issuerSecurityDomains
        self.acceptedUnprovenProfiles = acceptedUnprovenProfiles
        self.retentionDays = retentionDays
    }
}
