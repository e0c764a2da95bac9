import Crypto
import Foundation
import Identity
import Testing

@Suite struct JSONWebKeyTests {
    /// RFC 7515, appendix A.3: key, token and signature.
    static let rfc7515Key = #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#
    /// RFC 9449, section 4.1 and 6.1: the proof's key and its thumbprint in the token's confirmation.
    static let rfc9449Key = #"{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}"#

    @Test func thumbprintOfRFC9449() throws {
        let key = try JSONDecoder().decode(JSONWebKey.self, from: Data(Self.rfc9449Key.utf8))
        #expect(key.thumbprint == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
    }

    @Test func readsAndWrites() throws {
        let key = try JSONDecoder().decode(JSONWebKey.self, from: Data(Self.rfc7515Key.utf8))
        #expect(try JSONDecoder().decode(JSONWebKey.self, from: JSONEncoder().encode(key)) == key)
        let fresh = P256.Signing.PrivateKey().publicKey
        #expect(try JSONWebKey(subjectPublicKeyInfo: Array(fresh.derRepresentation)) == JSONWebKey(fresh))
        #expect(throws: TokenError.self) { try JSONWebKey(subjectPublicKeyInfo: [1, 2, 3]) }
    }

    @Test(arguments: [
        #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
        #"{"kty":"EC","crv":"P-384","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        // Not on the curve
        #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}"#,
        // A coordinate too short
        #"{"kty":"EC","crv":"P-256","x":"f83O","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        // Private
        #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#,
        #"{"kty":"EC","crv":"P-256","use":"enc","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        #"{"kty":"EC","crv":"P-256","alg":"ES384","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        "{}", "[]", "",
    ])
    func refuses(_ json: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(JSONWebKey.self, from: Data(json.utf8)) }
    }

    @Test func aSetSkipsForeignKindsAndFindsByID() throws {
        let json = #"{"keys":[{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"},"# + Self.rfc7515Key.dropLast() + #","kid":"one"},7]}"#
        let set = try JSONDecoder().decode(JSONWebKeySet.self, from: Data(json.utf8))
        #expect(set.keys.count == 1)
        #expect(try set.key(withID: "one").keyID == "one")
        #expect(try set.key(withID: nil).keyID == "one")
        #expect(#expect(throws: TokenError.self) { try set.key(withID: "two") }?.code == .unknownKey)
        let both = JSONWebKeySet(keys: set.keys + set.keys)
        #expect(#expect(throws: TokenError.self) { try both.key(withID: nil) }?.code == .unknownKey)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(JSONWebKeySet.self, from: Data("{}".utf8)) }
    }
}
