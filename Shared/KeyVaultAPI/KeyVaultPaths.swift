/// Where the operations are, for client and server alike.
public enum KeyVaultPaths {
    public static let base = "/vault/v1"
    public static let keySets = "/key-sets"
    public static let importKeySet = "/key-sets/import"
    public static let hostChallenges = "/host-challenges"
    public static let verifyCryptogram = "/cryptograms/verify"
    public static let channels = "/channels"
    public static let batch = "/batch"
    public static let attestationTokens = "/attestation-tokens"
    public static let attestationKey = "/attestation-key"
    public static let accessTokens = "/access-tokens"
    public static let tokenKeys = "/token-keys"
    public static let namedKeys = "/named-keys"
    /// For operators, beside the protocol: lets authentications begin anew.
    public static let releaseAuthentications = "/authentication-counters/release"
    /// For operators: the audit log and what a walk along its chain found.
    public static let audit = "/audit"
    public static let auditVerification = "/audit/verification"
    public static let auditAnchor = "/audit/anchor"
    /// For operators and custodians: whether the vault is sealed, sealing it, and the shares that open it.
    public static let seal = "/seal"
    public static let shares = "/seal/shares"
    public static let rotateRootKey = "/root-key/rotation"
}

/// Body of `POST /authentication-counters/release`.
public struct ReleaseAuthenticationsRequest: Codable, Sendable, Hashable {
    public var keys: KeyReference
    public init(keys: KeyReference) { self.keys = keys }
}
