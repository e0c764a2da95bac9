import Crypto
import Foundation

/// Checks proofs of possession (RFC 9449, section 4.3).
public struct DPoPVerifier: Sendable {
    /// How old a proof may be, seconds.
    public var window: TimeInterval
    /// How far in the future it may seem, seconds.
    public var leeway: TimeInterval
    private let replays: any ReplayCache

    public init(window: TimeInterval = 60, leeway: TimeInterval = 5, replays: any ReplayCache) {
        self.window = window
        self.leeway = leeway
        self.replays = replays
    }

    /// - Parameters:
    ///   - url: the URL under which the client reached us (behind a gateway: the public one).
    ///   - accessToken: the token sent along; its hash must be in the proof. Nil where none is needed yet (registration).
    ///   - deviceKeyThumbprint: `cnf.jkt` of the token; nil where none is bound yet.
    /// - Returns: the device key that signed.
    /// - Throws: ``TokenError``. The identifier is remembered only for proofs that are otherwise in order.
    @discardableResult
    public func verify(_ proof: String, method: String, url: String, accessToken: String?, deviceKeyThumbprint: String?, now: Date) throws(TokenError) -> JSONWebKey {
        let token = try JSONWebToken(parsing: proof, types: [DPoPProof.tokenType])
        guard let key = token.header.jwk else { throw TokenError(.invalidKey, "the proof carries no jwk") }
        try token.verify(with: key)
        let claims = try token.claims(DPoPProof.Claims.self)

        guard claims.htm == method else { throw TokenError(.wrongMethod, "htm is not \(method)") }
        guard let expected = TargetURI(url), let claimed = TargetURI(claims.htu), claimed == expected else {
            throw TokenError(.wrongURL, "htu is not the request's URL")
        }
        let age = now.timeIntervalSince1970 - Double(claims.iat)
        guard age <= window else { throw TokenError(.expired, "the proof is \(Int(min(age, 1e9))) s old") }
        guard age >= -leeway else { throw TokenError(.notYetValid, "the proof was made in the future: the device's clock is ahead") }
        if let accessToken {
            guard claims.ath == DPoPProof.hash(accessToken) else { throw TokenError(.wrongAccessToken, "ath is not the hash of the access token") }
        }
        let thumbprint = key.thumbprint
        if let deviceKeyThumbprint, deviceKeyThumbprint != thumbprint {
            throw TokenError(.wrongDeviceKey, "the proof was made with another key than the token is bound to")
        }
        guard (8...256).contains(claims.jti.utf8.count) else { throw TokenError(.malformed, "jti must have 8 to 256 bytes") }

        // Kept until the proof would be refused for its age anyway.
        let expiry = Date(timeIntervalSince1970: Double(claims.iat) + window + leeway)
        switch replays.insert(claims.jti, owner: thumbprint, expiry: expiry, now: now) {
        case .fresh: return key
        case .replayed: throw TokenError(.replayed, "the proof was used before")
        case .full: throw TokenError(.replayCacheFull, "too many requests by this device at once: no room to remember its proof")
        }
    }
}
