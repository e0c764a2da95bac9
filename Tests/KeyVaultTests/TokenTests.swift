import Cryptography
import Foundation
import GlobalPlatform
import Identity
import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct TokenTests {
    private let thumbprint = Base64URL.encode([UInt8](repeating: 9, count: 32))

    private func keySet(_ vault: TestVault, _ audience: TokenAudience) async throws -> JSONWebKeySet {
        let key = try await vault.vault.tokenKey(audience)
        return JSONWebKeySet(keys: [try JSONWebKey(subjectPublicKeyInfo: key.subjectPublicKeyInfo.bytes, keyID: key.keyId)])
    }

    @Test func handsetTokensVerify() async throws {
        let vault = try await TestVault.make()
        let token = try await vault.vault.accessToken(
            AccessTokenRequest(audience: .handset, serviceProviderId: TestVault.owner, deviceAppId: "aabb", deviceKeyThumbprint: thumbprint, lifetime: 600))
        let now = vault.clock.withLock { $0 }
        let verifier = AccessTokenVerifier(issuer: "https://vault.sp-tsm.example", audience: "https://handset.example", keys: try await keySet(vault, .handset), maximumLifetime: 600)
        let claims = try verifier.verify(token.token, now: now)
        #expect(claims.sp == TestVault.owner && claims.deviceAppId == "aabb" && claims.cnf.jkt == thumbprint && claims.sub == TestVault.owner)
        #expect(claims.exp - claims.iat == 600 && claims.iat == Int64(now.timeIntervalSince1970))
        #expect(throws: TokenError.self) { try verifier.verify(token.token, now: now + 700) }
        // The other audience's key is another one.
        let other = AccessTokenVerifier(issuer: "https://vault.sp-tsm.example", audience: "https://handset.example", keys: try await keySet(vault, .provider))
        #expect(throws: TokenError.self) { try other.verify(token.token, now: now) }
        try await vault.stop()
    }

    @Test func providerTokensVerifyAfterARestart() async throws {
        let vault = try await TestVault.make()
        let key = try await vault.vault.tokenKey(.provider)
        try await vault.restart()
        #expect(try await vault.vault.tokenKey(.provider) == key)
        let token = try await vault.engine.as(TestVault.provider).accessToken(
            AccessTokenRequest(audience: .provider, serviceProviderId: TestVault.owner, deviceAppId: nil, deviceKeyThumbprint: nil, lifetime: 3600))
        let verifier = AccessTokenVerifier(issuer: "https://vault.sp-tsm.example", audience: "https://provider.example", keys: try await keySet(vault, .provider))
        #expect(try verifier.verifyProviderToken(token.token, now: vault.clock.withLock { $0 }).sp == TestVault.owner)
        try await vault.stop()
    }

    @Test func eachPlaneHasItsOwnAudience() async throws {
        let vault = try await TestVault.make()
        let provider = AccessTokenRequest(audience: .provider, serviceProviderId: "sp", deviceAppId: nil, deviceKeyThumbprint: nil, lifetime: 60)
        let handset = AccessTokenRequest(audience: .handset, serviceProviderId: "sp", deviceAppId: "aa", deviceKeyThumbprint: thumbprint, lifetime: 60)
        #expect(await refusal { try await vault.vault.accessToken(provider) } == .forbidden)
        #expect(await refusal { try await vault.engine.as(TestVault.provider).accessToken(handset) } == .forbidden)
        #expect(await refusal { try await vault.engine.as(TestVault.provider).openChannel(openRequest("x")) } == .forbidden)
        try await vault.stop()
    }

    @Test func whatNoTokenIsMadeFor() async throws {
        let vault = try await TestVault.make()
        func attempt(_ change: (inout AccessTokenRequest) -> Void) async -> KeyVaultError.Code? {
            var request = AccessTokenRequest(audience: .handset, serviceProviderId: "sp", deviceAppId: "aa", deviceKeyThumbprint: thumbprint, lifetime: 60)
            change(&request)
            return await refusal { try await vault.vault.accessToken(request) }
        }
        #expect(await attempt { _ in } == nil)
        for lifetime in [0, -1, 3601, .max] { #expect(await attempt { $0.lifetime = lifetime } == .invalidRequest) }
        #expect(await attempt { $0.deviceAppId = nil } == .invalidRequest)
        #expect(await attempt { $0.deviceKeyThumbprint = nil } == .invalidRequest)
        #expect(await attempt { $0.deviceKeyThumbprint = "short" } == .invalidRequest)
        #expect(await attempt { $0.serviceProviderId = "" } == .invalidRequest)
        try await vault.stop()
    }

    @Test(arguments: [true, false]) func attestationTokens(withDiversification: Bool) async throws {
        let vault = try await TestVault.make()
        let index = "0a0b0c0d-0e0f-4a0b-8c0d-0e0f0a0b0c0d"
        try await vault.importNamed(index, .master, Array(0...15))
        let set = try await vault.vault.createKeySet(
            CreateKeySetRequest(
                origin: .diversified(masterKeyIndex: index, keyDiversificationData: nil, scheme: .kdf3), purpose: .supplementarySecurityDomain, keyLength: 16,
                keyVersionNumber: 0x31, owner: TestVault.owner, label: ""))
        let (process, flavor) = (UUID().uuidString.lowercased(), UUID().uuidString.lowercased())
        let made = try await vault.vault.attestationToken(
            AttestationTokenRequest(processId: process, flavorId: flavor, diversifiedKeySetId: withDiversification ? set.id : nil))
        let token = try GlobalPlatform.AttestationToken(parsing: made.token.bytes)
        #expect(token.content.tsm.description == "1.3.6.1.4.1.99999.1" && token.content.processID.description == process && token.content.flavorID.description == flavor)
        #expect(token.content.diversification?.masterKeyIndex.description == (withDiversification ? index : nil))
        #expect(token.content.diversification.map { HexBytes($0.keyDiversificationData) } == (withDiversification ? set.keyDiversificationData : nil))
        let described = try await vault.vault.attestationKey()
        let key = try ECPublicKey(subjectPublicKeyInfo: described.subjectPublicKeyInfo.bytes)
        #expect(try key.isValid(ECDSASignature(der: token.signature, curve: .p256), of: token.content.toBeSigned))
        #expect(described.keyId == Hex.encode(token.content.subjectKeyIdentifier))
        #expect(token.content.subjectKeyIdentifier == (try HashFunction.sha1.digest(of: key.point())))
        try await vault.stop()
    }

    @Test func whatIsNotAttested() async throws {
        let vault = try await TestVault.make()
        try await vault.importNamed("not-a-uuid", .master, Array(0...15))
        let random = try await vault.createSSD()
        let derived = try await vault.vault.createKeySet(
            CreateKeySetRequest(
                origin: .diversified(masterKeyIndex: "not-a-uuid", keyDiversificationData: nil, scheme: .kdf3), purpose: .supplementarySecurityDomain,
                keyLength: 16, keyVersionNumber: 0x31, owner: TestVault.owner, label: ""))
        let id = UUID().uuidString
        func attempt(_ process: String, _ flavor: String, _ set: String?) async -> KeyVaultError.Code? {
            await refusal { try await vault.vault.attestationToken(AttestationTokenRequest(processId: process, flavorId: flavor, diversifiedKeySetId: set)) }
        }
        #expect(await attempt(id, id, nil) == nil)
        #expect(await attempt(id, id, random.id) == .usageNotAllowed)
        #expect(await attempt(id, id, derived.id) == .invalidRequest)
        #expect(await attempt(id, id, "none") == .notFound)
        #expect(await attempt("7f41", id, nil) == .invalidRequest)
        #expect(await attempt(id, "", nil) == .invalidRequest)
        try await vault.stop()
    }
}
