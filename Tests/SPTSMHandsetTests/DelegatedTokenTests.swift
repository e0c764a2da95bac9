import DeploymentDocument
import Foundation
import HTTPTypes
import Identity
import KeyVaultAPI
import ServiceKit
@testable import SPTSMHandset
import Testing
import TrustedServiceModel

@Suite("tokens of a service provider's own issuer: for that provider and its registered apps alone, bound to the device key")
struct DelegatedTokenTests {
    static let issuer = "https://login.sp.example"
    static let audience = "https://tsm.example/sp"
    static let other = "3b1d6f0e-0000-4000-8000-00000000000f"
    static let url = "https://tsm.example/tsm-api/v1/service-instances"

    let signer = SoftwareTokenSigner(keyID: "k1"), device = SoftwareTokenSigner()

    private func descriptor(_ provider: String = FixedCatalogue.provider, issuer: String = issuer, audience: String = audience, key: SoftwareTokenSigner? = nil) throws -> TokenIssuerDescriptor {
        TokenIssuerDescriptor(id: UUID().uuidString, serviceProviderId: provider, issuer: issuer, audience: audience, jwks: JSONWebKeySet(keys: [(key ?? signer).publicKey]),
                              deviceAppClaim: try ClaimPointer("/deviceAppId"), deviceKeyClaim: try ClaimPointer("/cnf/jkt"), maximumLifetime: 3600)
    }

    private struct Claims: Encodable {
        var iss = DelegatedTokenTests.issuer
        var aud = [DelegatedTokenTests.audience]
        var exp: Int
        var iat: Int
        var deviceAppId = FixedCatalogue.app
        var cnf: [String: String]
    }

    private func token(_ bench: TSMBench, by other: SoftwareTokenSigner? = nil, _ change: (inout Claims) -> Void = { _ in }) throws -> String {
        let now = Int(bench.clock.now.timeIntervalSince1970)
        var claims = Claims(exp: now + 600, iat: now, cnf: ["jkt": device.publicKey.thumbprint])
        change(&claims)
        let key = other ?? signer
        let unsigned = try UnsignedToken(type: "at+jwt", keyID: key.publicKey.keyID, claims: claims)
        return try unsigned.signed(with: key.sign(unsigned.signingInput))
    }

    private func authenticator(_ bench: TSMBench) -> HandsetAuthenticator {
        let clock = bench.clock
        return HandsetAuthenticator(
            vault: bench.keys, catalogue: bench.catalogue, integrity: NoDeviceIntegrityCheck(),
            settings: HandsetAuthenticator.Settings(issuer: "https://tsm.example", audience: "https://tsm.example/tsm-api"),
            environment: ServiceEnvironment(now: { clock.now }, uuid: ServiceEnvironment.system.uuid, randomBytes: ServiceEnvironment.system.randomBytes))
    }

    private func authenticate(_ bench: TSMBench, _ token: String, proofBy key: SoftwareTokenSigner? = nil) async throws -> HandsetCaller {
        let proof = try DPoPProof.make(signer: key ?? device, method: "POST", url: Self.url, accessToken: token, identifier: UUID().uuidString, now: bench.clock.now)
        let headers: HTTPFields = [.authorization: "DPoP \(token)", try #require(HTTPField.Name("dpop")): proof]
        return try await authenticator(bench).authenticate(headers, method: .post, url: Self.url)
    }

    private func category(_ bench: TSMBench, _ token: String, proofBy key: SoftwareTokenSigner? = nil) async -> ErrorCategory? {
        do { _ = try await authenticate(bench, token, proofBy: key) } catch { return (error as? TSMFailure)?.category }
        return nil
    }

    @Test("its apps are let in as that service provider's, whatever the token says of another")
    func accepted() async throws {
        try await withBench { bench in
            let descriptor = try descriptor()
            bench.catalogue.state.withLock { $0.tokenIssuers = [descriptor] }
            let caller = try await authenticate(bench, try token(bench) { $0.deviceAppId = FixedCatalogue.app.uppercased() })
            #expect(caller == HandsetCaller(serviceProviderId: FixedCatalogue.provider, deviceAppId: FixedCatalogue.app, deviceKeyThumbprint: device.publicKey.thumbprint))
        }
    }

    @Test("an unknown issuer, another key, another audience, expired, unbound, another device's: category 5")
    func refused() async throws {
        try await withBench { bench in
            let descriptor = try descriptor()
            #expect(await category(bench, try token(bench)) == .notAuthenticated)
            bench.catalogue.state.withLock { $0.tokenIssuers = [descriptor] }
            #expect(await category(bench, try token(bench)) == nil)
            #expect(await category(bench, try token(bench, by: SoftwareTokenSigner(keyID: "k1"))) == .notAuthenticated)
            #expect(await category(bench, try token(bench, by: SoftwareTokenSigner(keyID: "k9"))) == .notAuthenticated)
            #expect(await category(bench, try token(bench) { $0.iss = "https://login.other.example" }) == .notAuthenticated)
            #expect(await category(bench, try token(bench) { $0.aud = ["https://tsm.example/tsm-api"] }) == .notAuthenticated)
            #expect(await category(bench, try token(bench) { $0.exp = $0.iat - 60 }) == .notAuthenticated)
            #expect(await category(bench, try token(bench) { $0.exp = $0.iat + 3601 }) == .notAuthenticated)
            #expect(await category(bench, try token(bench) { $0.cnf = [:] }) == .notAuthenticated)
            #expect(await category(bench, try token(bench), proofBy: SoftwareTokenSigner()) == .notAuthenticated)
            #expect(await category(bench, "not.a.token") == .notAuthenticated)
            // Withdrawn: at once, although the token lives on.
            bench.catalogue.state.withLock { $0.tokenIssuers = [] }
            #expect(await category(bench, try token(bench)) == .notAuthenticated)
        }
    }

    @Test("an app that is not registered with the issuer's service provider: category 15, though it is another's")
    func otherProvidersApp() async throws {
        try await withBench { bench in
            let own = try descriptor(), foreign = try descriptor(Self.other, audience: "https://tsm.example/other")
            bench.catalogue.state.withLock { $0.tokenIssuers = [own, foreign] }
            #expect(await category(bench, try token(bench) { $0.deviceAppId = String(repeating: "cd", count: 32) }) == .unauthorized)
            // The same issuer for the other provider, whose app this is not.
            #expect(await category(bench, try token(bench) { $0.aud = ["https://tsm.example/other"] }) == .unauthorized)
            // For both at once: nobody can say for which.
            #expect(await category(bench, try token(bench) { $0.aud += ["https://tsm.example/other"] }) == .notAuthenticated)
        }
    }

    @Test("an issuer of the same name with other keys does not speak for this provider")
    func sameName() async throws {
        try await withBench { bench in
            let impostor = SoftwareTokenSigner(keyID: "k1")
            let own = try descriptor(), foreign = try descriptor(Self.other, audience: "https://tsm.example/other", key: impostor)
            bench.catalogue.state.withLock { $0.tokenIssuers = [foreign, own] }
            #expect(await category(bench, try token(bench)) == nil)
            #expect(await category(bench, try token(bench, by: impostor)) == .notAuthenticated)
        }
    }

    @Test("what names this TSM as its issuer is held against this TSM's key, not against registered ones")
    func ownIssuer() async throws {
        try await withBench { bench in
            let descriptor = try descriptor(issuer: "https://tsm.example")
            bench.catalogue.state.withLock { $0.tokenIssuers = [descriptor] }
            #expect(await category(bench, try token(bench) { $0.iss = "https://tsm.example" }) != nil)
        }
    }
}
