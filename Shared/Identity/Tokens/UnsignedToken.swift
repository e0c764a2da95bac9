import Foundation

/// A token that waits for its signature, which is made elsewhere: in a key vault, or in a handset's key store.
public struct UnsignedToken: Sendable, Hashable {
    /// The bytes to sign with ECDSA P-256 and SHA-256.
    public let signingInput: [UInt8]

    /// - Throws: ``TokenError`` `malformed` when the claims cannot be encoded, `tooLong`.
    public init(type: String, keyID: String? = nil, embeddedKey: JSONWebKey? = nil, claims: some Encodable) throws(TokenError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let header = try encoder.encode(JSONWebToken.Header(typ: type, kid: keyID, jwk: embeddedKey))
            let payload = try encoder.encode(claims)
            signingInput = Array((Base64URL.encode(header) + "." + Base64URL.encode(payload)).utf8)
        } catch {
            throw TokenError(.malformed, "the claims cannot be encoded")
        }
        // 87 = a dot and 64 bytes of signature.
        guard signingInput.count + 87 <= JSONWebToken.maximumLength else { throw TokenError(.tooLong, "the token would be longer than \(JSONWebToken.maximumLength) bytes") }
    }

    /// The compact form.
    /// - Parameter rawSignature: r and s, 32 bytes each (RFC 7518, section 3.4), not DER.
    /// - Throws: ``TokenError`` `badSignature` when the length is wrong.
    public func signed(with rawSignature: [UInt8]) throws(TokenError) -> String {
        guard rawSignature.count == 64 else { throw TokenError(.badSignature, "an ES256 signature has 64 bytes, r and s") }
        return String(decoding: signingInput, as: UTF8.self) + "." + Base64URL.encode(rawSignature)
    }
}
