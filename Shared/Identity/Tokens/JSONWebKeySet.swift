import Foundation

/// A JWK Set (RFC 7517, section 5). Keys of kinds that we do not use are skipped, as section 5 asks for.
public struct JSONWebKeySet: Sendable, Hashable, Codable {
    public let keys: [JSONWebKey]

    public init(keys: [JSONWebKey]) { self.keys = keys }

    private enum Member: String, CodingKey { case keys }

    private struct Skipped: Decodable { init(from decoder: any Decoder) throws {} }

    public init(from decoder: any Decoder) throws {
        var list = try decoder.container(keyedBy: Member.self).nestedUnkeyedContainer(forKey: .keys)
        var found: [JSONWebKey] = []
        while !list.isAtEnd {
            if let key = try? list.decode(JSONWebKey.self) {
                found.append(key)
            } else {
                _ = try list.decode(Skipped.self)
            }
        }
        keys = found
    }

    /// The key that a token's header names. Without a `kid` the choice must be the only one.
    /// - Throws: ``TokenError`` `unknownKey`.
    public func key(withID keyID: String?) throws(TokenError) -> JSONWebKey {
        if let keyID {
            guard let key = keys.first(where: { $0.keyID == keyID }) else { throw TokenError(.unknownKey, "no key with kid \"\(keyID.prefix(80))\" in the set") }
            return key
        }
        guard keys.count == 1, let key = keys.first else { throw TokenError(.unknownKey, "the token names no key (kid) and the set has \(keys.count)") }
        return key
    }
}
