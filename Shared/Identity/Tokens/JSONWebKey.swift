import Crypto
import Foundation

/// A public EC key on P-256 (RFC 7517, RFC 7518 section 6.2). The point is on the curve by construction.
public struct JSONWebKey: Sendable, Hashable {
    /// Coordinates, 32 bytes each.
    public let x: [UInt8]
    public let y: [UInt8]
    public let keyID: String?

    let publicKey: P256.Signing.PublicKey

    public init(_ key: P256.Signing.PublicKey, keyID: String? = nil) {
        let raw = Array(key.rawRepresentation)
        x = Array(raw.prefix(32))
        y = Array(raw.suffix(32))
        publicKey = key
        self.keyID = keyID
    }

    /// - Parameters: coordinates of 32 bytes each, leading zeros included.
    /// - Throws: ``TokenError`` `invalidKey`.
    public init(x: [UInt8], y: [UInt8], keyID: String? = nil) throws(TokenError) {
        guard x.count == 32, y.count == 32, let key = try? P256.Signing.PublicKey(rawRepresentation: x + y) else {
            throw TokenError(.invalidKey, "the key is not a point on P-256")
        }
        self.init(key, keyID: keyID)
    }

    /// From a SubjectPublicKeyInfo, DER.
    /// - Throws: ``TokenError`` `invalidKey`.
    public init(subjectPublicKeyInfo der: [UInt8], keyID: String? = nil) throws(TokenError) {
        guard let key = try? P256.Signing.PublicKey(derRepresentation: der) else {
            throw TokenError(.invalidKey, "not a SubjectPublicKeyInfo on P-256")
        }
        self.init(key, keyID: keyID)
    }

    /// SHA-256 over the required members in lexical order, base64url (RFC 7638): the `jkt` of a token.
    public var thumbprint: String {
        let canonical = #"{"crv":"P-256","kty":"EC","x":"\#(Base64URL.encode(x))","y":"\#(Base64URL.encode(y))"}"#
        return Base64URL.encode(SHA256.hash(data: Array(canonical.utf8)))
    }

    public static func == (lhs: JSONWebKey, rhs: JSONWebKey) -> Bool { lhs.x == rhs.x && lhs.y == rhs.y && lhs.keyID == rhs.keyID }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(x)
        hasher.combine(y)
        hasher.combine(keyID)
    }
}

extension JSONWebKey: Codable {
    private enum Member: String, CodingKey { case kty, crv, x, y, kid, use, alg, d }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Member.self)
        func refused(_ why: String) -> DecodingError {
            DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: why))
        }
        guard try members.decode(String.self, forKey: .kty) == "EC", try members.decode(String.self, forKey: .crv) == "P-256" else {
            throw refused("only EC keys on P-256 are supported")
        }
        // Whoever sends a private key has already lost it (RFC 9449, section 4.3 item 7).
        guard !members.contains(.d) else { throw refused("the key is a private one") }
        if let use = try members.decodeIfPresent(String.self, forKey: .use), use != "sig" { throw refused("the key is not for signatures") }
        if let algorithm = try members.decodeIfPresent(String.self, forKey: .alg), algorithm != "ES256" { throw refused("the key is not for ES256") }
        guard let x = Base64URL.decode(try members.decode(String.self, forKey: .x)), let y = Base64URL.decode(try members.decode(String.self, forKey: .y)) else {
            throw refused("coordinates are not base64url")
        }
        do throws(TokenError) {
            try self.init(x: x, y: y, keyID: try Self.keyID(in: members))
        } catch {
            throw refused(error.reason)
        }
    }

    private static func keyID(in members: KeyedDecodingContainer<Member>) throws(TokenError) -> String? {
        do {
            return try members.decodeIfPresent(String.self, forKey: .kid)
        } catch {
            throw TokenError(.invalidKey, "kid is not a string")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        try members.encode("EC", forKey: .kty)
        try members.encode("P-256", forKey: .crv)
        try members.encode(Base64URL.encode(x), forKey: .x)
        try members.encode(Base64URL.encode(y), forKey: .y)
        try members.encodeIfPresent(keyID, forKey: .kid)
    }
}
