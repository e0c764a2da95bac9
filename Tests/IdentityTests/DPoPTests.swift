import Crypto
import Foundation
import Identity
import Testing

@Suite struct DPoPTests {
    static let now = Date(timeIntervalSince1970: 1_900_000_000)
    static let url = "https://tsm.example/tsm-api/v1/service-instances"
    let device = SoftwareTokenSigner()

    private func verifier(_ cache: any ReplayCache = MemoryReplayCache()) -> DPoPVerifier { DPoPVerifier(window: 60, leeway: 5, replays: cache) }

    private func proof(method: String = "POST", url: String = url, token: String? = "token", jti: String = "identifier-1", at: Date = now) throws -> String {
        try DPoPProof.make(signer: device, method: method, url: url, accessToken: token, identifier: jti, now: at)
    }

    private func code(_ proof: String, method: String = "POST", url: String = url, token: String? = "token", thumbprint: String? = nil, cache: any ReplayCache = MemoryReplayCache()) -> TokenError.Code? {
        #expect(throws: TokenError.self) {
            try verifier(cache).verify(proof, method: method, url: url, accessToken: token, deviceKeyThumbprint: thumbprint ?? device.publicKey.thumbprint, now: Self.now)
        }?.code
    }

    @Test func acceptsAGoodProof() throws {
        let key = try verifier().verify(proof(), method: "POST", url: Self.url, accessToken: "token", deviceKeyThumbprint: device.publicKey.thumbprint, now: Self.now)
        #expect(key.thumbprint == device.publicKey.thumbprint)
    }

    @Test func registrationNeedsNoTokenYet() throws {
        let key = try verifier().verify(proof(token: nil), method: "POST", url: Self.url, accessToken: nil, deviceKeyThumbprint: nil, now: Self.now)
        #expect(key == device.publicKey)
    }

    /// RFC 9449, section 4.1: a proof made by somebody else.
    @Test func acceptsTheProofOfRFC9449() throws {
        let proof =
            "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
            + ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ"
            + ".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
        let key = try verifier().verify(proof, method: "POST", url: "https://server.example.com/token", accessToken: nil, deviceKeyThumbprint: nil, now: Date(timeIntervalSince1970: 1_562_262_616))
        #expect(key.thumbprint == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
    }

    @Test func everythingIsBound() throws {
        #expect(code(try proof(), method: "GET") == .wrongMethod)
        #expect(code(try proof(method: "post")) == .wrongMethod)
        #expect(code(try proof(), url: "https://tsm.example/tsm-api/v1/other") == .wrongURL)
        #expect(code(try proof(), url: "http://tsm.example/tsm-api/v1/service-instances") == .wrongURL)
        #expect(code(try proof(), url: "https://tsm.example:8443/tsm-api/v1/service-instances") == .wrongURL)
        #expect(code(try proof(), url: "https://evil.example/tsm-api/v1/service-instances") == .wrongURL)
        #expect(code(try proof(), url: Self.url + "/") == .wrongURL)
        #expect(code(try proof(), token: "another token") == .wrongAccessToken)
        #expect(code(try proof(token: nil)) == .wrongAccessToken)
        #expect(code(try proof(), thumbprint: SoftwareTokenSigner().publicKey.thumbprint) == .wrongDeviceKey)
        #expect(code(try proof(jti: "short")) == .malformed)
        #expect(code(try proof(jti: String(repeating: "x", count: 257))) == .malformed)
    }

    @Test(arguments: [
        ("https://tsm.example/a", "https://TSM.example:443/a?query=1#f", true),
        ("https://tsm.example", "https://tsm.example/", true),
        ("https://[::1]:8443/a", "https://[::1]:8443/a", true),
        ("https://tsm.example/a", "https://tsm.example/A", false),
        ("https://tsm.example/a", "https://user@tsm.example/a", false),
        ("https://tsm.example/a/../b", "https://tsm.example/b", false),
        ("https://tsm.example/a", "/a", false),
        ("https://tsm.example/a", "", false),
    ])
    func urlsAreNormalised(_ made: String, _ asked: String, _ equal: Bool) throws {
        if equal {
            _ = try verifier().verify(proof(url: made), method: "POST", url: asked, accessToken: "token", deviceKeyThumbprint: nil, now: Self.now)
        } else {
            #expect(throws: TokenError.self) {
                try verifier().verify(proof(url: made), method: "POST", url: asked, accessToken: "token", deviceKeyThumbprint: nil, now: Self.now)
            }
        }
    }

    @Test func timeWindow() throws {
        #expect(code(try proof(at: Self.now - 61)) == .expired)
        #expect(code(try proof(at: Self.now + 6)) == .notYetValid)
        let cache = MemoryReplayCache()
        for (index, offset) in [-60.0, 0, 5].enumerated() {
            _ = try verifier(cache).verify(proof(jti: "identifier-\(index)", at: Self.now + offset), method: "POST", url: Self.url, accessToken: "token", deviceKeyThumbprint: nil, now: Self.now)
        }
    }

    @Test func aReplayIsRefused() throws {
        let cache = MemoryReplayCache()
        let text = try proof()
        _ = try verifier(cache).verify(text, method: "POST", url: Self.url, accessToken: "token", deviceKeyThumbprint: nil, now: Self.now)
        #expect(code(text, cache: cache) == .replayed)
        // The same identifier in a new proof of the same key, too.
        #expect(code(try proof(at: Self.now + 1), cache: cache) == .replayed)
        // A refused proof is not remembered.
        let other = try proof(jti: "identifier-2")
        #expect(code(other, method: "GET", cache: cache) == .wrongMethod)
        _ = try verifier(cache).verify(other, method: "POST", url: Self.url, accessToken: "token", deviceKeyThumbprint: nil, now: Self.now)
    }

    @Test func proofsOfTheWrongKind() throws {
        struct Claims: Encodable {
            let jti = "identifier-1", htm = "POST", htu = DPoPTests.url, iat = 1_900_000_000
        }
        func made(type: String, key: JSONWebKey?, by signer: SoftwareTokenSigner) throws -> String {
            let unsigned = try UnsignedToken(type: type, embeddedKey: key, claims: Claims())
            return try unsigned.signed(with: signer.sign(unsigned.signingInput))
        }
        #expect(code(try made(type: "at+jwt", key: device.publicKey, by: device), token: nil) == .unsupportedType)
        #expect(code(try made(type: "dpop+jwt", key: nil, by: device), token: nil) == .invalidKey)
        #expect(code(try made(type: "dpop+jwt", key: device.publicKey, by: SoftwareTokenSigner()), token: nil) == .badSignature)
        #expect(throws: TokenError.self) { try DPoPProof.make(signer: device, method: "GET", url: "ftp://x/", accessToken: nil, identifier: "identifier", now: Self.now) }
    }

    @Test func aProofWithAPrivateKeyIsRefused() throws {
        let header = #"{"alg":"ES256","typ":"dpop+jwt","jwk":{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}}"#
        let text = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array("{}".utf8)) + "." + Base64URL.encode([UInt8](repeating: 1, count: 64))
        #expect(code(text) == .malformed)
    }
}
