import Identity

/// Wire types of token issuers that service providers run.
extension OperatorAPI {
    /// Body of `POST /service-providers/{id}/token-issuers` and of `PUT …/{issuer}`.
    public struct NewTokenIssuer: Codable, Sendable, Hashable {
        /// `iss` of its tokens; not this TSM's own.
        public var issuer: String
        /// What its tokens' `aud` has to name. No two issuers may have the same name and audience.
        public var audience: String
        /// Its public keys: EC on P-256, for ES256. Others in the set are skipped.
        public var jwks: JSONWebKeySet
        /// Where the DeviceAppID stands; absent: `/deviceAppId`.
        public var deviceAppClaim: ClaimPointer?
        /// Where the thumbprint of the device key stands; absent: `/cnf/jkt` (RFC 9449).
        public var deviceKeyClaim: ClaimPointer?
        /// Seconds, 60 to 86400; absent: 3600.
        public var maximumLifetime: Int?

        public init(issuer: String, audience: String, jwks: JSONWebKeySet, deviceAppClaim: ClaimPointer? = nil, deviceKeyClaim: ClaimPointer? = nil, maximumLifetime: Int? = nil) {
            self.issuer = issuer
            self.audience = audience
            self.jwks = jwks
            self.deviceAppClaim = deviceAppClaim
            self.deviceKeyClaim = deviceKeyClaim
            self.maximumLifetime = maximumLifetime
        }
    }
}

extension OperatorAPI {
    /// Body of `PUT /service-providers/{id}/device-integrity`.
    public struct NewDeviceIntegrity: Codable, Sendable, Hashable {
        /// Public keys of the integrity service: EC on P-256, for ES256. Others in the set are skipped.
        public var jwks: JSONWebKeySet
        /// Of a verdict, seconds, 10 to 3600; absent: 300.
        public var maximumAge: Int?

        public init(jwks: JSONWebKeySet, maximumAge: Int? = nil) {
            self.jwks = jwks
            self.maximumAge = maximumAge
        }
    }
}
