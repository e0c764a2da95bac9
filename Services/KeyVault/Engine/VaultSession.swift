import KeyVaultAPI

/// The vault as one caller sees it, in process.
struct VaultSession: KeyVault {
    let engine: VaultEngine
    let caller: VaultCaller

    func createKeySet(_ request: CreateKeySetRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await engine.createKeySet(request, caller)
    }
    func keySet(id: String) async throws(KeyVaultError) -> KeySetDescription { try await engine.keySet(id: id, caller) }
    func importKeySet(_ request: ImportKeySetRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await engine.importKeySet(request, caller)
    }
    func exportKeySet(id: String, _ request: ExportKeySetRequest) async throws(KeyVaultError) -> WrappedKeySet {
        try await engine.exportKeySet(id: id, request, caller)
    }
    func changeState(ofKeySet id: String, _ request: ChangeKeySetStateRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await engine.changeState(ofKeySet: id, request, caller)
    }

    func hostChallenge(_ request: HostChallengeRequest) async throws(KeyVaultError) -> HostChallenge {
        try await engine.hostChallenge(request, caller)
    }
    func verifyCryptogram(_ request: VerifyCryptogramRequest) async throws(KeyVaultError) -> VerifyCryptogramAnswer {
        try await engine.verifyCryptogram(request, caller)
    }

    func openChannel(_ request: OpenChannelRequest) async throws(KeyVaultError) -> ChannelScript { try await engine.openChannel(request, caller) }
    func authenticate(channel id: String, _ request: AuthenticateChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await engine.authenticate(channel: id, request, caller)
    }
    func continueChannel(_ id: String, _ request: ContinueChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await engine.continueChannel(id, request, caller)
    }
    func report(channel id: String, _ report: ChannelReport) async throws(KeyVaultError) -> VerifiedReport {
        try await engine.report(channel: id, report, caller)
    }
    func closeChannel(_ id: String) async throws(KeyVaultError) { try await engine.closeChannel(id, caller) }

    func batch(_ batch: VaultBatch) async throws(KeyVaultError) -> VaultBatchAnswer { try await engine.batch(batch, caller) }

    func attestationToken(_ request: AttestationTokenRequest) async throws(KeyVaultError) -> AttestationToken {
        try await engine.attestationToken(request, caller)
    }
    func attestationKey() async throws(KeyVaultError) -> SigningKeyDescription { try await engine.attestationKey(caller) }
    func accessToken(_ request: AccessTokenRequest) async throws(KeyVaultError) -> AccessToken { try await engine.accessToken(request, caller) }
    func tokenKey(_ audience: TokenAudience) async throws(KeyVaultError) -> SigningKeyDescription { try await engine.tokenKey(audience, caller) }
    func namedKeys() async throws(KeyVaultError) -> [NamedKeyDescription] { try await engine.namedKeys(caller) }
    func importNamedKey(_ request: ImportNamedKeyRequest) async throws(KeyVaultError) -> NamedKeyDescription {
        try await engine.importNamedKey(request, caller)
    }
}
