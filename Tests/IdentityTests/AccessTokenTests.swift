import Crypto
import Foundation
import Identity
import Testing

@Suite struct AccessTokenTests {
    static let now = Date(timeIntervalSince1970: 1_900_000_000)
    static let issuer = "https://sp-tsm.example"
    static let audience = "handset"
    let signer = SoftwareTokenSigner(keyID: "k1")

    var verifier: AccessTokenVerifier {
        AccessTokenVerifier(issuer: Self.issuer, audience: Self.audience, keys: JSONWebKeySet(keys: [signer.publicKey]), leeway: 10, maximumLifetime: 3600)
    }

    private func claims(iss: String = issuer, aud: [String] = [audience], exp: Int64 = 1_900_000_600, iat: Int64 = 1_900_000_000, sp: String = "sp-1") -> AccessTokenClaims {
        AccessTokenClaims(iss: iss, aud: aud, exp: exp, iat: iat, jti: "j-1", sp: sp, deviceAppId: "aabb", deviceKeyThumbprint: "thumb")
    }

    private func token(_ claims: some Encodable, type: String = AccessTokenClaims.tokenType, signer: SoftwareTokenSigner? = nil) throws -> String {
        let signer = signer ?? self.signer
        let unsigned = try UnsignedToken(type: type, keyID: signer.publicKey.keyID, claims: claims)
        return try unsigned.signed(with: signer.sign(unsigned.signingInput))
    }

    private func code(_ token: String) -> TokenError.Code? {
        #expect(throws: TokenError.self) { try verifier.verify(token, now: Self.now) }?.code
    }

    @Test func acceptsAGoodToken() throws {
        let text = try token(claims())
        #expect(try verifier.verify(text, now: Self.now) == claims())
        #expect(try AccessTokenVerifier.claimedIssuer(of: text) == Self.issuer)
        #expect(try verifier.verify(token(claims(), type: "application/AT+JWT"), now: Self.now) == claims())
    }

    @Test func acceptsASingleAudience() throws {
        let json = #"{"iss":"https://sp-tsm.example","aud":"handset","exp":1900000600,"iat":1900000000,"jti":"j","sp":"s","deviceAppId":"aa","cnf":{"jkt":"t"}}"#
        let text = try raw(header: #"{"alg":"ES256","typ":"at+jwt","kid":"k1"}"#, payload: json)
        #expect(try verifier.verify(text, now: Self.now).aud == ["handset"])
    }

    @Test func claimsAreChecked() throws {
        #expect(code(try token(claims(iss: "https://other.example"))) == .wrongIssuer)
        #expect(code(try token(claims(aud: ["provider"]))) == .wrongAudience)
        #expect(code(try token(claims(aud: []))) == .wrongAudience)
        #expect(code(try token(claims(exp: 1_899_999_990))) == .expired)
        #expect(code(try token(claims(exp: .min))) == .expired)
        _ = try verifier.verify(token(claims(exp: 1_899_999_991)), now: Self.now)
        #expect(code(try token(claims(exp: 1_900_000_700, iat: 1_900_000_011))) == .notYetValid)
        #expect(code(try token(claims(exp: 1_900_003_601))) == .lifetimeTooLong)
        #expect(code(try token(claims(exp: .max, iat: .min))) == .lifetimeTooLong)
        #expect(code(try token(claims(sp: ""))) == .missingClaim)
    }

    @Test func aProviderTokenHasNoDevice() throws {
        let provider = ProviderTokenClaims(iss: Self.issuer, aud: [Self.audience], exp: 1_900_000_600, iat: 1_900_000_000, jti: "j", sp: "s")
        let text = try token(provider)
        #expect(try verifier.verifyProviderToken(text, now: Self.now) == provider)
        #expect(code(text) == .missingClaim)
    }

    private func raw(header: String, payload: String, signer: SoftwareTokenSigner? = nil) throws -> String {
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
        return input + "." + Base64URL.encode(try (signer ?? self.signer).sign(Array(input.utf8)))
    }

    @Test func tamperingIsNoticed() throws {
        let good = try token(claims())
        let parts = good.split(separator: ".").map(String.init)
        let payload = String(decoding: try #require(Base64URL.decode(parts[1])), as: UTF8.self)

        #expect(code(try token(claims(), signer: SoftwareTokenSigner(keyID: "k1"))) == .badSignature)
        #expect(code(try token(claims(), signer: SoftwareTokenSigner(keyID: "k2"))) == .unknownKey)
        #expect(code(parts[0] + "." + Base64URL.encode(Array(payload.replacing("sp-1", with: "sp-2").utf8)) + "." + parts[2]) == .badSignature)
        var signature = try #require(Base64URL.decode(parts[2]))
        signature[40] ^= 1
        #expect(code(parts[0] + "." + parts[1] + "." + Base64URL.encode(signature)) == .badSignature)
        // r = s = 0 (CVE-2022-21449), DER instead of r and s, no signature at all
        #expect(code(parts[0] + "." + parts[1] + "." + Base64URL.encode([UInt8](repeating: 0, count: 64))) == .badSignature)
        let der = Array(try P256.Signing.ECDSASignature(rawRepresentation: signature).derRepresentation)
        #expect(code(parts[0] + "." + parts[1] + "." + Base64URL.encode(der)) == .badSignature)
        #expect(code(parts[0] + "." + parts[1] + ".") == .badSignature)
        #expect(code(good + "=") == .malformed)
        #expect(code(good + ".x") == .malformed)
        #expect(code(String(good.dropLast(10))) == .badSignature)
        #expect(code("") == .malformed)
        #expect(code("..") == .malformed)
        #expect(code(String(repeating: "a", count: 8193)) == .tooLong)
    }

    @Test(arguments: [
        (#"{"alg":"none","typ":"at+jwt"}"#, TokenError.Code.unsupportedAlgorithm),
        (#"{"alg":"None","typ":"at+jwt"}"#, .unsupportedAlgorithm),
        (#"{"alg":"HS256","typ":"at+jwt"}"#, .unsupportedAlgorithm),
        (#"{"alg":"RS256","typ":"at+jwt"}"#, .unsupportedAlgorithm),
        (#"{"alg":"es256","typ":"at+jwt"}"#, .unsupportedAlgorithm),
        (#"{"typ":"at+jwt"}"#, .malformed),
        (#"{"alg":256,"typ":"at+jwt"}"#, .malformed),
        (#"{"alg":"ES256"}"#, .unsupportedType),
        (#"{"alg":"ES256","typ":"JWT"}"#, .unsupportedType),
        (#"{"alg":"ES256","typ":"dpop+jwt"}"#, .unsupportedType),
        (#"{"alg":"ES256","typ":"at+jwt","crit":["exp"]}"#, .criticalExtension),
        (#"{"alg":"ES256","typ":"at+jwt","b64":false}"#, .criticalExtension),
        (#"{"alg":"ES256","typ":"at+jwt","kid":7}"#, .malformed),
        ("[]", .malformed), ("", .malformed), ("{", .malformed),
    ])
    func headersAreChecked(_ header: String, _ expected: TokenError.Code) throws {
        let payload = String(decoding: try JSONEncoder().encode(claims()), as: UTF8.self)
        #expect(code(try raw(header: header, payload: payload)) == expected)
    }

    @Test func claimsOfTheWrongShape() throws {
        let header = #"{"alg":"ES256","typ":"at+jwt","kid":"k1"}"#
        #expect(code(try raw(header: header, payload: "{}")) == .missingClaim)
        #expect(code(try raw(header: header, payload: "[]")) == .malformed)
        #expect(code(try raw(header: header, payload: "nonsense")) == .malformed)
        #expect(code(try raw(header: header, payload: #"{"iss":"https://sp-tsm.example","aud":"handset","exp":"soon","iat":1,"jti":"j","sp":"s","deviceAppId":"aa","cnf":{"jkt":"t"}}"#)) == .malformed)
    }

    /// RFC 7515, appendix A.3: a signature made by somebody else. Its header has no typ, so only the signature is looked at.
    @Test func verifiesTheSignatureOfRFC7515() throws {
        let input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        let key = try JSONDecoder().decode(JSONWebKey.self, from: Data(JSONWebKeyTests.rfc7515Key.utf8))
        let bytes = try #require(Base64URL.decode(signature))
        let publicKey = try P256.Signing.PublicKey(rawRepresentation: key.x + key.y)
        #expect(publicKey.isValidSignature(try P256.Signing.ECDSASignature(rawRepresentation: bytes), for: Data(input.utf8)))
        #expect(#expect(throws: TokenError.self) { try JSONWebToken(parsing: input + "." + signature, types: ["at+jwt"]) }?.code == .unsupportedType)
    }

    @Test func randomTextIsRefused() {
        var generator = SeededGenerator(seed: 11)
        let alphabet = Array("ABCabc012-_.{}\"=")
        for _ in 0..<500 {
            let text = String((0..<Int.random(in: 0...200, using: &generator)).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
            #expect(throws: TokenError.self) { try verifier.verify(text, now: Self.now) }
        }
    }
}
