import Foundation
import Identity
import Testing

@Suite("signed verdicts on devices")
struct DeviceVerdictTests {
    static let now = Date(timeIntervalSince1970: 1_900_000_000)
    static let app = String(repeating: "ab", count: 32)
    let signer = SoftwareTokenSigner(keyID: "i1")
    let device = SoftwareTokenSigner().publicKey.thumbprint

    private func verdict(_ outcome: DeviceVerdict.Outcome = .pass, audience: String = "tsm", age: TimeInterval = 10, app: String = DeviceVerdictTests.app, key: String? = nil,
                         by other: SoftwareTokenSigner? = nil) throws -> String {
        try DeviceVerdict(audience: audience, issued: Self.now - age, deviceAppId: app, deviceKeyThumbprint: key ?? device, verdict: outcome, reason: outcome == .fail ? "rooted" : nil)
            .signed(by: other ?? signer)
    }

    private func verify(_ text: String) throws -> DeviceVerdict {
        try DeviceVerdictVerifier(audience: "tsm", keys: JSONWebKeySet(keys: [signer.publicKey]), maximumAge: 300, leeway: 10)
            .verify(text, deviceAppId: Self.app, deviceKeyThumbprint: device, now: Self.now)
    }

    private func code(_ text: String) -> TokenError.Code? { #expect(throws: TokenError.self) { try verify(text) }?.code }

    @Test func saysWhatWasJudged() throws {
        #expect(try verify(verdict()).verdict == .pass)
        let failed = try verify(verdict(.fail))
        #expect(failed.verdict == .fail && failed.reason == "rooted")
        #expect(try verify(verdict(age: 310)).verdict == .pass)
        #expect(try verify(verdict(age: -10)).verdict == .pass)
        #expect(try verify(verdict(app: Self.app.uppercased())).verdict == .pass)
    }

    @Test func whatIsNotOfThisDeviceAppAndTimeIsRefused() throws {
        #expect(code(try verdict(by: SoftwareTokenSigner(keyID: "i1"))) == .badSignature)
        #expect(code(try verdict(by: SoftwareTokenSigner(keyID: "i2"))) == .unknownKey)
        #expect(code(try verdict(key: SoftwareTokenSigner().publicKey.thumbprint)) == .wrongDeviceKey)
        #expect(code(try verdict(app: String(repeating: "cd", count: 32))) == .wrongApp)
        #expect(code(try verdict(audience: "another tsm")) == .wrongAudience)
        #expect(code(try verdict(age: 311)) == .expired)
        #expect(code(try verdict(age: -12)) == .notYetValid)
        for text in ["", "sound", "a.b.c"] { #expect(code(text) == .malformed) }
    }

    /// The same key signs access tokens and verdicts: one is never taken for the other.
    @Test func anotherKindOfTokenIsNone() throws {
        let claims = DeviceVerdict(audience: "tsm", issued: Self.now, deviceAppId: Self.app, deviceKeyThumbprint: device, verdict: .pass)
        for type in ["at+jwt", "JWT", "dpop+jwt"] {
            let unsigned = try UnsignedToken(type: type, keyID: "i1", claims: claims)
            #expect(code(try unsigned.signed(with: signer.sign(unsigned.signingInput))) == .unsupportedType)
        }
        struct Odd: Encodable { var aud = "tsm", iat = 1_900_000_000, deviceAppId = DeviceVerdictTests.app, verdict = "excellent"; var cnf: [String: String] }
        let odd = try UnsignedToken(type: DeviceVerdict.tokenType, keyID: "i1", claims: Odd(cnf: ["jkt": device]))
        #expect(code(try odd.signed(with: signer.sign(odd.signingInput))) == .malformed)
        struct Unbound: Encodable { var aud = "tsm", iat = 1_900_000_000, deviceAppId = DeviceVerdictTests.app, verdict = "pass" }
        let unbound = try UnsignedToken(type: DeviceVerdict.tokenType, keyID: "i1", claims: Unbound())
        #expect(code(try unbound.signed(with: signer.sign(unbound.signingInput))) == .missingClaim)
    }
}
