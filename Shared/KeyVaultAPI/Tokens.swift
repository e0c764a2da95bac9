import GlobalPlatform

/// Fields of the TR's attestation token (TR-03165 Appendix A); the vault builds and signs it, it signs nothing that it did not build.
public struct AttestationTokenRequest: Codable, Sendable, Hashable {
    public var processId: String
    public var flavorId: String
    /// With `keySetId` of a diversified set: tags 83 and 84 are included.
    public var diversifiedKeySetId: String?

    public init(processId: String, flavorId: String, diversifiedKeySetId: String?) {
        self.processId = processId
        self.flavorId = flavorId
        self.diversifiedKeySetId = diversifiedKeySetId
    }
}

public struct AttestationToken: Codable, Sendable, Hashable {
    /// The complete `7F41` TLV.
    public var token: HexBytes
    public init(token: HexBytes) { self.token = token }
}

/// Public half of a signing key of the vault.
public struct SigningKeyDescription: Codable, Sendable, Hashable {
    public var keyId: String
    /// SubjectPublicKeyInfo, DER.
    public var subjectPublicKeyInfo: HexBytes

    public init(keyId: String, subjectPublicKeyInfo: HexBytes) {
        self.keyId = keyId
        self.subjectPublicKeyInfo = subjectPublicKeyInfo
    }
}

/// Whom an access token is for. Each audience has its own key and its own list of callers that may have it signed.
public enum TokenAudience: String, Codable, Sendable, CaseIterable {
    /// Short-term tokens of the Provider API: the provider plane only.
    case provider
    /// Tokens of the handset API, bound to a device key: the handset plane only.
    case handset
}

/// The vault builds header and claims from these fields (`iss`, `aud`, `iat`, `exp`, `jti` are its own) and signs ES256.
public struct AccessTokenRequest: Codable, Sendable, Hashable {
    public var audience: TokenAudience
    public var serviceProviderId: String
    /// Handset tokens only.
    public var deviceAppId: String?
    /// RFC 7638 thumbprint of the device key, base64url; handset tokens only.
    public var deviceKeyThumbprint: String?
    /// Seconds; bounded by the vault's configuration.
    public var lifetime: Int

    public init(audience: TokenAudience, serviceProviderId: String, deviceAppId: String?, deviceKeyThumbprint: String?, lifetime: Int) {
        self.audience = audience
        self.serviceProviderId = serviceProviderId
        self.deviceAppId = deviceAppId
        self.deviceKeyThumbprint = deviceKeyThumbprint
        self.lifetime = lifetime
    }
}

public struct AccessToken: Codable, Sendable, Hashable {
    /// JWS compact serialisation.
    public var token: String
    public init(token: String) { self.token = token }
}
