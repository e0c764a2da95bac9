import Foundation
import GlobalPlatform
import Identity
import KeyVaultAPI

/// A key vault that signs provider tokens with a key of its own and refuses everything else.
struct FakeVault: KeyVault {
    let signer = SoftwareTokenSigner(keyID: "provider-1")
    let issuer = "https://sp-tsm.example"
    let audience = "sptsm-provider"
    let now: @Sendable () -> Date

    func accessToken(_ request: AccessTokenRequest) async throws(KeyVaultError) -> AccessToken {
        guard request.audience == .provider else { throw KeyVaultError(.forbidden, "provider tokens only") }
        return try sign(request.serviceProviderId, lifetime: request.lifetime, by: signer)
    }

    func sign(_ serviceProvider: String, lifetime: Int, by signer: SoftwareTokenSigner) throws(KeyVaultError) -> AccessToken {
        let time = Int64(now().timeIntervalSince1970)
        let claims = ProviderTokenClaims(iss: issuer, aud: [audience], exp: time + Int64(lifetime), iat: time, jti: UUID().uuidString, sp: serviceProvider)
        do throws(TokenError) {
            let unsigned = try UnsignedToken(type: "at+jwt", keyID: signer.publicKey.keyID, claims: claims)
            return AccessToken(token: try unsigned.signed(with: try signer.sign(unsigned.signingInput)))
        } catch {
            throw KeyVaultError(.internalError, error.reason)
        }
    }

    func tokenKey(_ audience: TokenAudience) async throws(KeyVaultError) -> SigningKeyDescription {
        // SubjectPublicKeyInfo of P-256 (RFC 5480): a fixed head before the uncompressed point.
        let head: [UInt8] = [0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04]
        return SigningKeyDescription(keyId: "provider-1", subjectPublicKeyInfo: HexBytes(head + signer.publicKey.x + signer.publicKey.y))
    }

    private var refusal: KeyVaultError { KeyVaultError(.forbidden, "not in these tests") }

    func createKeySet(_ request: CreateKeySetRequest) async throws(KeyVaultError) -> KeySetDescription { throw refusal }
    func keySet(id: String) async throws(KeyVaultError) -> KeySetDescription { throw refusal }
    func importKeySet(_ request: ImportKeySetRequest) async throws(KeyVaultError) -> KeySetDescription { throw refusal }
    func exportKeySet(id: String, _ request: ExportKeySetRequest) async throws(KeyVaultError) -> WrappedKeySet { throw refusal }
    func changeState(ofKeySet id: String, _ request: ChangeKeySetStateRequest) async throws(KeyVaultError) -> KeySetDescription { throw refusal }
    func hostChallenge(_ request: HostChallengeRequest) async throws(KeyVaultError) -> HostChallenge { throw refusal }
    func verifyCryptogram(_ request: VerifyCryptogramRequest) async throws(KeyVaultError) -> VerifyCryptogramAnswer { throw refusal }
    func openChannel(_ request: OpenChannelRequest) async throws(KeyVaultError) -> ChannelScript { throw refusal }
    func authenticate(channel id: String, _ request: AuthenticateChannelRequest) async throws(KeyVaultError) -> ChannelScript { throw refusal }
    func continueChannel(_ id: String, _ request: ContinueChannelRequest) async throws(KeyVaultError) -> ChannelScript { throw refusal }
    func report(channel id: String, _ report: ChannelReport) async throws(KeyVaultError) -> VerifiedReport { throw refusal }
    func closeChannel(_ id: String) async throws(KeyVaultError) { throw refusal }
    func batch(_ batch: VaultBatch) async throws(KeyVaultError) -> VaultBatchAnswer { throw refusal }
    func attestationToken(_ request: AttestationTokenRequest) async throws(KeyVaultError) -> KeyVaultAPI.AttestationToken { throw refusal }
    func attestationKey() async throws(KeyVaultError) -> SigningKeyDescription { throw refusal }
    func namedKeys() async throws(KeyVaultError) -> [NamedKeyDescription] { throw refusal }
    func importNamedKey(_ request: ImportNamedKeyRequest) async throws(KeyVaultError) -> NamedKeyDescription { throw refusal }
}
