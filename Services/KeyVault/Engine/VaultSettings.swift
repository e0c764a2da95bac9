import KeyVaultAPI

/// Bounds that keep a card from blocking itself, a token from living too long and the store from growing without end.
public struct VaultLimits: Sendable, Hashable {
    /// EXTERNAL AUTHENTICATEs issued for one key set and not proven successful; at this number no more are issued.
    public var unprovenAuthentications: Int
    /// Longest life of an access token, seconds, by audience.
    public var tokenLifetime: [TokenAudience: Int]
    /// How long a host challenge may be answered, seconds.
    public var hostChallengeLifetime: Int
    /// C-APDUs of one channel, directives expanded.
    public var commandsPerChannel: Int
    /// How long a channel that nobody closed keeps what verifies its report, seconds.
    public var channelRetention: Int
    /// Operations of one batch.
    public var stepsPerBatch: Int
    /// How long the answer of a batch with an idempotency key is kept, seconds.
    public var batchRetention: Int

    public init(
        unprovenAuthentications: Int = 5, tokenLifetime: [TokenAudience: Int] = [.provider: 3600, .handset: 3600], hostChallengeLifetime: Int = 300,
        commandsPerChannel: Int = 2048, channelRetention: Int = 30 * 86400, stepsPerBatch: Int = 256, batchRetention: Int = 3600
    ) {
        self.unprovenAuthentications = unprovenAuthentications
        self.tokenLifetime = tokenLifetime
        self.hostChallengeLifetime = hostChallengeLifetime
        self.commandsPerChannel = commandsPerChannel
        self.channelRetention = channelRetention
        self.stepsPerBatch = stepsPerBatch
        self.batchRetention = batchRetention
    }
}

/// What the vault puts into what it signs, and its limits.
public struct VaultSettings: Sendable, Hashable {
    /// `iss` of access tokens; nil: this vault signs none.
    public var tokenIssuer: String?
    /// `aud` of access tokens; an audience that is not named gets none.
    public var audiences: [TokenAudience: String]
    /// The TSM's object identifier in dotted form, for attestation tokens; nil: this vault signs none.
    public var tsmOID: String?
    public var limits: VaultLimits

    public init(tokenIssuer: String? = nil, audiences: [TokenAudience: String] = [:], tsmOID: String? = nil, limits: VaultLimits = VaultLimits()) {
        self.tokenIssuer = tokenIssuer
        self.audiences = audiences
        self.tsmOID = tsmOID
        self.limits = limits
    }
}
