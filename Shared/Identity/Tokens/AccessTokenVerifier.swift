import Foundation

/// Checks access tokens of one issuer for one audience.
public struct AccessTokenVerifier: Sendable {
    public var issuer: String
    public var audience: String
    public var keys: JSONWebKeySet
    /// Tolerated difference between clocks, seconds.
    public var leeway: TimeInterval
    /// Longest life a token may have been given, seconds; nil leaves it to the issuer.
    public var maximumLifetime: TimeInterval?
    /// Accepted `typ`; issuers of others may say `jwt`.
    public var types: Set<String>

    public init(
        issuer: String, audience: String, keys: JSONWebKeySet, leeway: TimeInterval = 30, maximumLifetime: TimeInterval? = nil,
        types: Set<String> = [AccessTokenClaims.tokenType]
    ) {
        self.issuer = issuer
        self.audience = audience
        self.keys = keys
        self.leeway = leeway
        self.maximumLifetime = maximumLifetime
        self.types = types
    }

    /// A handset's token: signature first, then issuer, audience and time. That the caller holds the device key is for ``DPoPVerifier`` to check.
    /// - Throws: ``TokenError``.
    public func verify(_ text: String, now: Date) throws(TokenError) -> AccessTokenClaims {
        let claims = try timed(AccessTokenClaims.self, text, now)
        guard !claims.deviceAppId.isEmpty, !claims.cnf.jkt.isEmpty else { throw TokenError(.missingClaim, "deviceAppId or cnf.jkt is empty") }
        return claims
    }

    /// A provider backend's token: as ``verify(_:now:)``, without a device.
    /// - Throws: ``TokenError``.
    public func verifyProviderToken(_ text: String, now: Date) throws(TokenError) -> ProviderTokenClaims {
        try timed(ProviderTokenClaims.self, text, now)
    }

    private func timed<Claims: TimedClaims>(_ type: Claims.Type, _ text: String, _ now: Date) throws(TokenError) -> Claims {
        let token = try JSONWebToken(parsing: text, types: types)
        try token.verify(with: try keys.key(withID: token.header.kid))
        let claims = try token.claims(type)
        let scope = TokenScope(issuer: issuer, audience: audience, leeway: leeway, maximumLifetime: maximumLifetime)
        try scope.check(iss: claims.iss, aud: claims.aud, exp: Double(claims.exp), iat: Double(claims.iat), now: now)
        guard !claims.sp.isEmpty else { throw TokenError(.missingClaim, "sp is empty") }
        return claims
    }

    /// The issuer a token claims to be from, for choosing the verifier; believed only after ``verify(_:now:)``.
    /// - Throws: ``TokenError`` `tooLong`, `malformed` or `missingClaim`.
    public static func claimedIssuer(of text: String, types: Set<String> = [AccessTokenClaims.tokenType]) throws(TokenError) -> String {
        struct Issuer: Decodable { let iss: String }
        return try JSONWebToken(parsing: text, types: types).claims(Issuer.self).iss
    }
}
