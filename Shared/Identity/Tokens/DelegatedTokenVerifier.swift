import Foundation

/// What a token of another party's issuer says: an app installation, bound to a device key. Which service provider it is of follows from the
/// issuer, never from the token.
public struct DelegatedTokenClaims: Sendable, Hashable {
    /// Hash of the app's certificate, lower-case hexadecimal (TR-03165 DeviceAppID).
    public let deviceAppId: String
    /// RFC 7638 thumbprint of the device key (RFC 9449, section 6: `cnf.jkt`).
    public let deviceKeyThumbprint: String
}

/// Checks access tokens of a token issuer that a service provider runs for its own apps (TR-03165 4.2.5.9).
///
/// The issuer names its claims as it likes; where app and device key stand is given by pointers. A token without a device key is
/// worth nothing here: it would be good in anybody's hands.
public struct DelegatedTokenVerifier: Sendable {
    /// Access tokens (RFC 9068), and what issuers write that do not know that type.
    public static let types: Set<String> = [AccessTokenClaims.tokenType, "jwt"]

    private let keys: JSONWebKeySet
    private let scope: TokenScope
    private let deviceApp: ClaimPointer
    private let deviceKey: ClaimPointer

    /// - Parameters:
    ///   - leeway: tolerated difference between clocks, seconds.
    ///   - maximumLifetime: longest life a token may have been given, seconds.
    ///   - deviceApp: where the DeviceAppID stands.
    ///   - deviceKey: where the device key's thumbprint stands.
    public init(issuer: String, audience: String, keys: JSONWebKeySet, leeway: TimeInterval = 30, maximumLifetime: TimeInterval, deviceApp: ClaimPointer, deviceKey: ClaimPointer) {
        scope = TokenScope(issuer: issuer, audience: audience, leeway: leeway, maximumLifetime: maximumLifetime)
        self.keys = keys
        self.deviceApp = deviceApp
        self.deviceKey = deviceKey
    }

    private struct Registered: Decodable {
        let iss: String
        let aud: [String]
        let exp: Double
        let iat: Double
        let nbf: Double?

        private enum Name: String, CodingKey { case iss, aud, exp, iat, nbf }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Name.self)
            iss = try members.decode(String.self, forKey: .iss)
            aud = if let one = try? members.decode(String.self, forKey: .aud) { [one] } else { try members.decode([String].self, forKey: .aud) }
            exp = try members.decode(Double.self, forKey: .exp)
            iat = try members.decode(Double.self, forKey: .iat)
            nbf = try members.decodeIfPresent(Double.self, forKey: .nbf)
        }
    }

    /// Signature first, then issuer, audience and times, then what the token says. That the caller holds the device key is for
    /// ``DPoPVerifier`` to check.
    /// - Throws: ``TokenError``.
    public func verify(_ text: String, now: Date) throws(TokenError) -> DelegatedTokenClaims {
        let token = try JSONWebToken(parsing: text, types: Self.types)
        try token.verify(with: keys.key(withID: token.header.kid))
        let registered = try token.claims(Registered.self)
        try scope.check(iss: registered.iss, aud: registered.aud, exp: registered.exp, iat: registered.iat, nbf: registered.nbf, now: now)
        guard let claims = (try? JSONSerialization.jsonObject(with: Data(token.payload))) as? [String: Any] else { throw TokenError(.malformed, "the claims are no JSON object") }
        guard let app = deviceApp.text(in: claims), !app.isEmpty else { throw TokenError(.missingClaim, "the token names no app at \(deviceApp)") }
        guard let key = deviceKey.text(in: claims), !key.isEmpty else { throw TokenError(.missingClaim, "the token is bound to no device key: \(deviceKey) is missing") }
        return DelegatedTokenClaims(deviceAppId: app.lowercased(), deviceKeyThumbprint: key)
    }
}
