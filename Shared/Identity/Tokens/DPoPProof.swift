import Crypto
import Foundation

/// A proof that a request comes from the holder of the device key (RFC 9449, section 4).
public enum DPoPProof {
    /// Name of the request header field.
    public static let headerName = "DPoP"
    /// `typ` of proofs.
    public static let tokenType = "dpop+jwt"

    struct Claims: Sendable, Hashable, Codable {
        let jti: String
        let htm: String
        let htu: String
        let iat: Int64
        let ath: String?
    }

    /// Makes the proof for one request (client).
    /// - Parameters:
    ///   - url: the request's URL; query and fragment are left out (section 4.2).
    ///   - accessToken: the token sent along, if any.
    ///   - identifier: fresh for every request, at least 96 random bits or a UUID.
    /// - Throws: ``TokenError`` `wrongURL`, or what the signer throws.
    public static func make(signer: some TokenSigner, method: String, url: String, accessToken: String?, identifier: String, now: Date) throws(TokenError) -> String {
        guard let target = TargetURI(url) else { throw TokenError(.wrongURL, "not an absolute http or https URL") }
        let claims = Claims(
            jti: identifier, htm: method, htu: target.text, iat: Int64(now.timeIntervalSince1970), ath: accessToken.map(Self.hash))
        let unsigned = try UnsignedToken(type: tokenType, embeddedKey: signer.publicKey.withoutKeyID, claims: claims)
        return try unsigned.signed(with: try signer.sign(unsigned.signingInput))
    }

    /// base64url of SHA-256 over the token's ASCII text: claim `ath`.
    static func hash(_ accessToken: String) -> String {
        Base64URL.encode(SHA256.hash(data: Array(accessToken.utf8)))
    }
}

extension JSONWebKey {
    /// The bare key, as a proof embeds it.
    var withoutKeyID: JSONWebKey { JSONWebKey(publicKey) }
}
