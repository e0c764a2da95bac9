import Foundation

/// From whom, for whom and for when a token has to be (RFC 7519, section 4.1).
struct TokenScope: Sendable {
    let issuer: String
    let audience: String
    /// Tolerated difference between clocks, seconds.
    let leeway: TimeInterval
    /// Longest life a token may have been given, seconds; nil leaves it to the issuer.
    let maximumLifetime: TimeInterval?

    /// - Parameters: the claims; times in seconds since 1970.
    func check(iss: String, aud: [String], exp: Double, iat: Double, nbf: Double? = nil, now: Date) throws(TokenError) {
        guard iss == issuer else { throw TokenError(.wrongIssuer, "iss is not \(issuer)") }
        guard aud.contains(audience) else { throw TokenError(.wrongAudience, "aud does not contain \(audience)") }
        let time = now.timeIntervalSince1970
        guard time < exp + leeway else { throw TokenError(.expired, "the token has expired") }
        guard iat <= time + leeway else { throw TokenError(.notYetValid, "the token was issued in the future") }
        if let nbf, nbf > time + leeway { throw TokenError(.notYetValid, "the token is not valid yet") }
        if let maximumLifetime, exp - iat > maximumLifetime { throw TokenError(.lifetimeTooLong, "the token lives longer than \(Int(maximumLifetime)) s") }
    }
}
