/// A key vault as its TSM sees it: in process (tests) or over HTTP/2 (`KeyVaultClient`). Keys never leave it in the clear.
///
/// | operation | `/vault/v1` | who may |
/// |---|---|---|
/// | createKeySet, keySet, importKeySet, exportKeySet, changeState | `POST /key-sets`, `GET /key-sets/{id}`, `POST /key-sets/import`, `POST /key-sets/{id}/export`, `POST /key-sets/{id}/state` | channel openers |
/// | hostChallenge, verifyCryptogram | `POST /host-challenges`, `POST /cryptograms/verify` | channel openers |
/// | openChannel, authenticate, continueChannel, report, closeChannel | `POST /channels`, `POST /channels/{id}/authenticate`, `…/commands`, `…/report`, `DELETE /channels/{id}` | channel openers |
/// | batch: several of the above in one transaction | `POST /batch` | channel openers |
/// | attestationToken, attestationKey | `POST /attestation-tokens`, `GET /attestation-key` | channel openers; key: all |
/// | accessToken, tokenKey | `POST /access-tokens`, `GET /token-keys/{audience}` | by audience; keys: all |
/// | namedKeys, importNamedKey | `GET /named-keys`, `POST /named-keys` | list: all; import: operator |
public protocol KeyVault: Sendable {
    func createKeySet(_ request: CreateKeySetRequest) async throws(KeyVaultError) -> KeySetDescription
    func keySet(id: String) async throws(KeyVaultError) -> KeySetDescription
    func importKeySet(_ request: ImportKeySetRequest) async throws(KeyVaultError) -> KeySetDescription
    /// Once per key set.
    func exportKeySet(id: String, _ request: ExportKeySetRequest) async throws(KeyVaultError) -> WrappedKeySet
    func changeState(ofKeySet id: String, _ request: ChangeKeySetStateRequest) async throws(KeyVaultError) -> KeySetDescription

    func hostChallenge(_ request: HostChallengeRequest) async throws(KeyVaultError) -> HostChallenge
    func verifyCryptogram(_ request: VerifyCryptogramRequest) async throws(KeyVaultError) -> VerifyCryptogramAnswer

    func openChannel(_ request: OpenChannelRequest) async throws(KeyVaultError) -> ChannelScript
    func authenticate(channel id: String, _ request: AuthenticateChannelRequest) async throws(KeyVaultError) -> ChannelScript
    func continueChannel(_ id: String, _ request: ContinueChannelRequest) async throws(KeyVaultError) -> ChannelScript
    func report(channel id: String, _ report: ChannelReport) async throws(KeyVaultError) -> VerifiedReport
    func closeChannel(_ id: String) async throws(KeyVaultError)

    /// - Throws: what the first step that is refused throws, naming the step; then nothing of the batch was done.
    func batch(_ batch: VaultBatch) async throws(KeyVaultError) -> VaultBatchAnswer

    func attestationToken(_ request: AttestationTokenRequest) async throws(KeyVaultError) -> AttestationToken
    func attestationKey() async throws(KeyVaultError) -> SigningKeyDescription
    func accessToken(_ request: AccessTokenRequest) async throws(KeyVaultError) -> AccessToken
    func tokenKey(_ audience: TokenAudience) async throws(KeyVaultError) -> SigningKeyDescription
    func namedKeys() async throws(KeyVaultError) -> [NamedKeyDescription]
    func importNamedKey(_ request: ImportNamedKeyRequest) async throws(KeyVaultError) -> NamedKeyDescription
}

/// Why the vault refused; `code` is stable and travels as the problem document's `code`.
public struct KeyVaultError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Codable, Sendable, CaseIterable {
        case notFound, usageNotAllowed, wrongState, invalidRequest, keyCheckValueMismatch, unwrapFailed
        case cardCryptogramMismatch, tooManyUnprovenAuthentications, alreadyExported, challengeUnknown
        case forbidden, auditUnavailable, sealed, unreachable, internalError
    }
    public var code: Code
    public var reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { "key vault: \(reason) (\(code.rawValue))" }
}
