import KeyVaultAPI
import Synchronization

/// A vault whose line breaks when the test says so: before the request arrives, or before its answer does.
final class FlakyVault: KeyVault {
    enum Break { case request, answer }

    private let vault: any KeyVault
    private let breaks = Mutex<[String: Break]>([:])

    init(_ vault: any KeyVault) { self.vault = vault }

    /// The next call of `operation` fails; one call only.
    func failNext(_ operation: String, losing lost: Break) { breaks.withLock { $0[operation] = lost } }

    private func line<Value>(_ operation: String, _ call: () async throws(KeyVaultError) -> Value) async throws(KeyVaultError) -> Value {
        let broken = breaks.withLock { $0.removeValue(forKey: operation) }
        if broken == .request { throw KeyVaultError(.unreachable, "the line broke before \(operation)") }
        let value = try await call()
        if broken == .answer { throw KeyVaultError(.unreachable, "the line broke after \(operation)") }
        return value
    }

    func createKeySet(_ request: CreateKeySetRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await line("createKeySet") { () throws(KeyVaultError) in try await vault.createKeySet(request) }
    }
    func keySet(id: String) async throws(KeyVaultError) -> KeySetDescription { try await vault.keySet(id: id) }
    func importKeySet(_ request: ImportKeySetRequest) async throws(KeyVaultError) -> KeySetDescription { try await vault.importKeySet(request) }
    func exportKeySet(id: String, _ request: ExportKeySetRequest) async throws(KeyVaultError) -> WrappedKeySet {
        try await line("exportKeySet") { () throws(KeyVaultError) in try await vault.exportKeySet(id: id, request) }
    }
    func changeState(ofKeySet id: String, _ request: ChangeKeySetStateRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await line("changeState") { () throws(KeyVaultError) in try await vault.changeState(ofKeySet: id, request) }
    }
    func hostChallenge(_ request: HostChallengeRequest) async throws(KeyVaultError) -> HostChallenge {
        try await line("hostChallenge") { () throws(KeyVaultError) in try await vault.hostChallenge(request) }
    }
    func verifyCryptogram(_ request: VerifyCryptogramRequest) async throws(KeyVaultError) -> VerifyCryptogramAnswer {
        try await line("verifyCryptogram") { () throws(KeyVaultError) in try await vault.verifyCryptogram(request) }
    }
    func openChannel(_ request: OpenChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await line("openChannel") { () throws(KeyVaultError) in try await vault.openChannel(request) }
    }
    func authenticate(channel id: String, _ request: AuthenticateChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await line("authenticate") { () throws(KeyVaultError) in try await vault.authenticate(channel: id, request) }
    }
    func continueChannel(_ id: String, _ request: ContinueChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await line("continueChannel") { () throws(KeyVaultError) in try await vault.continueChannel(id, request) }
    }
    func report(channel id: String, _ report: ChannelReport) async throws(KeyVaultError) -> VerifiedReport {
        try await line("report") { () throws(KeyVaultError) in try await vault.report(channel: id, report) }
    }
    func closeChannel(_ id: String) async throws(KeyVaultError) {
        try await line("closeChannel") { () throws(KeyVaultError) in try await vault.closeChannel(id) }
    }
    /// A batch breaks where one of its operations would.
    func batch(_ batch: VaultBatch) async throws(KeyVaultError) -> VaultBatchAnswer {
        let names = batch.steps.map { String(String(describing: $0).prefix { $0 != "(" }) }
        let name = breaks.withLock { breaks in names.first { breaks[$0] != nil } } ?? "batch"
        return try await line(name) { () throws(KeyVaultError) in try await vault.batch(batch) }
    }
    func attestationToken(_ request: AttestationTokenRequest) async throws(KeyVaultError) -> AttestationToken { try await vault.attestationToken(request) }
    func attestationKey() async throws(KeyVaultError) -> SigningKeyDescription { try await vault.attestationKey() }
    func accessToken(_ request: AccessTokenRequest) async throws(KeyVaultError) -> AccessToken { try await vault.accessToken(request) }
    func tokenKey(_ audience: TokenAudience) async throws(KeyVaultError) -> SigningKeyDescription { try await vault.tokenKey(audience) }
    func namedKeys() async throws(KeyVaultError) -> [NamedKeyDescription] {
        try await line("namedKeys") { () throws(KeyVaultError) in try await vault.namedKeys() }
    }
    func importNamedKey(_ request: ImportNamedKeyRequest) async throws(KeyVaultError) -> NamedKeyDescription { try await vault.importNamedKey(request) }
}
