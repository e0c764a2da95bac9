import Identity

/// A token issuer that the operator registered for a service provider: whose access tokens count, for that provider's apps alone (TR-03165 4.2.5.9).
public struct TokenIssuerDescriptor: Codable, Sendable, Hashable {
    public var id: String
    public var serviceProviderId: String
    /// `iss` of its tokens, letter by letter.
    public var issuer: String
    /// One of `aud` of its tokens.
    public var audience: String
    /// Keys that it signs with.
    public var jwks: JSONWebKeySet
    /// Where the DeviceAppID stands in its tokens.
    public var deviceAppClaim: ClaimPointer
    /// Where the device key's thumbprint (RFC 7638) stands.
    public var deviceKeyClaim: ClaimPointer
    /// Longest life that its tokens may have, seconds.
    public var maximumLifetime: Int

    public init(id: String, serviceProviderId: String, issuer: String, audience: String, jwks: JSONWebKeySet, deviceAppClaim: ClaimPointer,
                deviceKeyClaim: ClaimPointer, maximumLifetime: Int) {
        self.id = id
        self.serviceProviderId = serviceProviderId
        self.issuer = issuer
        self.audience = audience
        self.jwks = jwks
        self.deviceAppClaim = deviceAppClaim
        self.deviceKeyClaim = deviceKeyClaim
        self.maximumLifetime = maximumLifetime
    }
}
