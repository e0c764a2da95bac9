/// What an identity may do in the vault. The configuration gives roles to identities by name; nobody has one by default.
public enum VaultRole: String, Codable, Sendable, Hashable, CaseIterable {
    /// Makes key sets, opens channels, has attestation tokens signed: the TSM that owns the keys.
    case channelOpener
    /// Has short-term tokens of the Provider API signed.
    case providerTokenSigner
    /// Has tokens of the handset API signed.
    case handsetTokenSigner
    /// Brings in named keys, releases authentication counters, reads and verifies the audit log.
    case `operator`
    /// Releases authentication counters and nothing else: for a TSM whose own operator decides.
    case authenticationReleaser
    /// Gives shares of the root key, and sees whether the vault is sealed.
    case custodian
    /// Reads public keys.
    case reader
}

/// Who calls: the identity that its certificate proves, and the roles that the configuration gives to it.
public struct VaultCaller: Sendable, Hashable {
    /// For example `spiffe://sp-tsm.example/sp-tsm-handset`; goes into the audit log.
    public var identity: String
    public var roles: Set<VaultRole>

    public init(identity: String, roles: Set<VaultRole>) {
        self.identity = identity
        self.roles = roles
    }
}
