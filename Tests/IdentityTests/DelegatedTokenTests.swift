import Crypto
import Foundation
import Identity
import Testing

@Suite("access tokens of other parties' issuers")
struct DelegatedTokenTests {
    static let now = Date(timeIntervalSince1970: 1_900_000_000)
    let signer = SoftwareTokenSigner(keyID: "k1")
    let next = SoftwareTokenSigner(keyID: "k2")

    private func verifier(app: String = "/deviceAppId", key: String = "/cnf/jkt") throws -> DelegatedTokenVerifier {
        DelegatedTokenVerifier(issuer: "https://login.sp.example", audience: "https://tsm.example", keys: JSONWebKeySet(keys: [signer.publicKey, next.publicKey]), leeway: 10,
                               maximumLifetime: 3600, deviceApp: try ClaimPointer(app), deviceKey: try ClaimPointer(key))
    }

    /// A good token's claims, with changes: nil takes one away.
    private static func claims(_ changes: [String: String?] = [:]) -> String {
        var members: [String: String] = [
            "iss": #""https://login.sp.example""#, "aud": #""https://tsm.example""#, "exp": "1900000600", "iat": "1900000000", "deviceAppId": #""AABB""#, "cnf": #"{"jkt":"thumb"}"#,
        ]
        for (name, value) in changes { members[name] = value }
        return "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    private func token(_ claims: String = claims(), header: String = #"{"alg":"ES256","typ":"at+jwt","kid":"k1"}"#, by other: SoftwareTokenSigner? = nil) throws -> String {
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return input + "." + Base64URL.encode(try (other ?? signer).sign(Array(input.utf8)))
    }

    private func code(_ token: String) throws -> TokenError.Code? {
        let verifier = try verifier()
        return #expect(throws: TokenError.self) { try verifier.verify(token, now: Self.now) }?.code
    }

    @Test func aGoodTokenNamesAppAndKey() throws {
        let claims = try verifier().verify(token(), now: Self.now)
        #expect(claims.deviceAppId == "aabb" && claims.deviceKeyThumbprint == "thumb")
        _ = try verifier().verify(token(header: #"{"alg":"ES256","typ":"JWT","kid":"k2"}"#, by: next), now: Self.now)
        _ = try verifier().verify(token(Self.claims(["aud": #"["other","https://tsm.example"]"#, "exp": "1900000600.5", "nbf": "1900000010"])), now: Self.now)
    }

    @Test func theIssuerNamesItsClaimsAsItLikes() throws {
        let text = try token(Self.claims(["deviceAppId": nil, "https://sp.example/app": #"{"a~b":"CC"}"#, "cnf": nil, "key": #""t2""#]))
        let claims = try verifier(app: "/https:~1~1sp.example~1app/a~0b", key: "/key").verify(text, now: Self.now)
        #expect(claims.deviceAppId == "cc" && claims.deviceKeyThumbprint == "t2")
        #expect(try code(text) == .missingClaim)
    }

    @Test(arguments: [
        ("iss", #""https://login.other.example""#, TokenError.Code.wrongIssuer), ("iss", nil, .missingClaim), ("iss", "7", .malformed),
        ("aud", #""https://other.example""#, .wrongAudience), ("aud", "[]", .wrongAudience), ("aud", nil, .missingClaim),
        ("exp", "1899999990", .expired), ("exp", nil, .missingClaim), ("exp", #""1900000600""#, .malformed), ("exp", "1900003601", .lifetimeTooLong),
        ("iat", "1900000011", .notYetValid), ("iat", nil, .missingClaim), ("iat", "-9e300", .lifetimeTooLong),
        ("nbf", "1900000011", .notYetValid), ("nbf", #""now""#, .malformed),
        ("deviceAppId", nil, .missingClaim), ("deviceAppId", #""""#, .missingClaim), ("deviceAppId", #"["aabb"]"#, .missingClaim),
        ("cnf", nil, .missingClaim), ("cnf", "{}", .missingClaim), ("cnf", #"{"jkt":""}"#, .missingClaim), ("cnf", #"{"jkt":7}"#, .missingClaim), ("cnf", #""thumb""#, .missingClaim),
        ("cnf", #"{"x5t#S256":"thumb"}"#, .missingClaim),
    ] as [(String, String?, TokenError.Code)])
    func claimsAreChecked(_ name: String, _ value: String?, _ expected: TokenError.Code) throws {
        #expect(try code(token(Self.claims([name: value]))) == expected)
    }

    @Test(arguments: [
        (#"{"alg":"none","typ":"at+jwt","kid":"k1"}"#, TokenError.Code.unsupportedAlgorithm),
        (#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#, .unsupportedAlgorithm),
        (#"{"alg":"RS256","typ":"at+jwt","kid":"k1"}"#, .unsupportedAlgorithm),
        (#"{"alg":"ES256","kid":"k1"}"#, .unsupportedType),
        (#"{"alg":"ES256","typ":"dpop+jwt","kid":"k1"}"#, .unsupportedType),
        (#"{"alg":"ES256","typ":"at+jwt"}"#, .unknownKey),
        (#"{"alg":"ES256","typ":"at+jwt","kid":"k3"}"#, .unknownKey),
        (#"{"alg":"ES256","typ":"at+jwt","kid":"k2"}"#, .badSignature),
        (#"{"alg":"ES256","typ":"at+jwt","kid":"k1","crit":["exp"]}"#, .criticalExtension),
    ])
    func headersAreChecked(_ header: String, _ expected: TokenError.Code) throws {
        #expect(try code(token(header: header)) == expected)
    }

    /// The classic confusion: the public key's bytes as a MAC key, under the issuer's own kid.
    @Test func aMACWithThePublicKeyIsNoSignature() throws {
        let input = Base64URL.encode(Array(#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#.utf8)) + "." + Base64URL.encode(Array(Self.claims().utf8))
        let mac = HMAC<SHA256>.authenticationCode(for: Data(input.utf8), using: SymmetricKey(data: [0x04] + signer.publicKey.x + signer.publicKey.y))
        #expect(try code(input + "." + Base64URL.encode(Array(mac))) == .unsupportedAlgorithm)
        let relabelled = Base64URL.encode(Array(#"{"alg":"ES256","typ":"at+jwt","kid":"k1"}"#.utf8)) + "." + Base64URL.encode(Array(Self.claims().utf8))
        #expect(try code(relabelled + "." + Base64URL.encode(Array(mac))) == .badSignature)
    }

    /// A key that comes with the token is nobody's.
    @Test func anEmbeddedKeyIsNotBelieved() throws {
        let own = SoftwareTokenSigner(keyID: "k1")
        let jwk = String(decoding: try JSONEncoder().encode(own.publicKey), as: UTF8.self)
        #expect(try code(token(header: #"{"alg":"ES256","typ":"at+jwt","kid":"k1","jwk":\#(jwk)}"#, by: own)) == .badSignature)
    }

    @Test(arguments: ["", "cnf", "cnf/jkt", "/a~2b", "/a~", "/" + String(repeating: "a", count: 300)])
    func noPointers(_ text: String) {
        #expect(throws: TokenError.self) { try ClaimPointer(text) }
        #expect(throws: (any Error).self) { try JSONDecoder().decode([ClaimPointer].self, from: JSONEncoder().encode([text])) }
    }

    @Test func pointersAreWrittenAsTheyWereRead() throws {
        let text = "/https:~1~1sp.example~1app/a~0b"
        #expect(try JSONDecoder().decode([ClaimPointer].self, from: JSONEncoder().encode([try ClaimPointer(text)])).map(\.description) == [text])
    }
}
