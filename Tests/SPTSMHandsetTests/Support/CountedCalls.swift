import KeyVaultAPI
import SEIAPI
import Synchronization

/// What one service asked of another, in order: each entry is one request over the wire.
final class CallLog: Sendable {
    private let calls = Mutex<[String]>([])
    /// What an issuer refuses, by call.
    let refusals = Mutex<[String: SEIError]>([:])

    func note(_ call: String) { calls.withLock { $0.append(call) } }

    /// - Throws: what the call is to be refused with.
    func noteIssuer(_ call: String) throws(SEIError) {
        note(call)
        if let refusal = refusals.withLock({ $0[call] }) { throw refusal }
    }

    /// The calls since the last look.
    func take() -> [String] {
        calls.withLock { calls in
            defer { calls = [] }
            return calls
        }
    }
}

/// Notes what is asked of a vault.
struct CountedVault: KeyVault {
    let vault: any KeyVault
    let log: CallLog

    private func noted<Value>(_ call: String, _ body: (any KeyVault) async throws(KeyVaultError) -> Value) async throws(KeyVaultError) -> Value {
        log.note(call)
        return try await body(vault)
    }

    func createKeySet(_ request: CreateKeySetRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await noted("createKeySet") { vault throws(KeyVaultError) in try await vault.createKeySet(request) }
    }
    func keySet(id: String) async throws(KeyVaultError) -> KeySetDescription {
        try await noted("keySet") { vault throws(KeyVaultError) in try await vault.keySet(id: id) }
    }
    func importKeySet(_ request: ImportKeySetRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await noted("importKeySet") { vault throws(KeyVaultError) in try await vault.importKeySet(request) }
    }
    func exportKeySet(id: String, _ request: ExportKeySetRequest) async throws(KeyVaultError) -> WrappedKeySet {
        try await noted("exportKeySet") { vault throws(KeyVaultError) in try await vault.exportKeySet(id: id, request) }
    }
    func changeState(ofKeySet id: String, _ request: ChangeKeySetStateRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await noted("changeState") { vault throws(KeyVaultError) in try await vault.changeState(ofKeySet: id, request) }
    }
    func hostChallenge(_ request: HostChallengeRequest) async throws(KeyVaultError) -> HostChallenge {
        try await noted("hostChallenge") { vault throws(KeyVaultError) in try await vault.hostChallenge(request) }
    }
    func verifyCryptogram(_ request: VerifyCryptogramRequest) async throws(KeyVaultError) -> VerifyCryptogramAnswer {
        try await noted("verifyCryptogram") { vault throws(KeyVaultError) in try await vault.verifyCryptogram(request) }
    }
    func openChannel(_ request: OpenChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await noted("openChannel") { vault throws(KeyVaultError) in try await vault.openChannel(request) }
    }
    func authenticate(channel id: String, _ request: AuthenticateChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await noted("authenticate") { vault throws(KeyVaultError) in try await vault.authenticate(channel: id, request) }
    }
    func continueChannel(_ id: String, _ request: ContinueChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await noted("continueChannel") { vault throws(KeyVaultError) in try await vault.continueChannel(id, request) }
    }
    func report(channel id: String, _ report: ChannelReport) async throws(KeyVaultError) -> VerifiedReport {
        try await noted("report") { vault throws(KeyVaultError) in try await vault.report(channel: id, report) }
    }
    func closeChannel(_ id: String) async throws(KeyVaultError) {
        try await noted("closeChannel") { vault throws(KeyVaultError) in try await vault.closeChannel(id) }
    }
    func batch(_ batch: VaultBatch) async throws(KeyVaultError) -> VaultBatchAnswer {
        let names = batch.steps.map { String(String(describing: $0).prefix { $0 != "(" }) }.joined(separator: " ")
        return try await noted("batch: \(names)") { vault throws(KeyVaultError) in try await vault.batch(batch) }
    }
    func attestationToken(_ request: AttestationTokenRequest) async throws(KeyVaultError) -> AttestationToken {
        try await noted("attestationToken") { vault throws(KeyVaultError) in try await vault.attestationToken(request) }
    }
    func attestationKey() async throws(KeyVaultError) -> SigningKeyDescription {
        try await noted("attestationKey") { vault throws(KeyVaultError) in try await vault.attestationKey() }
    }
    func accessToken(_ request: AccessTokenRequest) async throws(KeyVaultError) -> AccessToken {
        try await noted("accessToken") { vault throws(KeyVaultError) in try await vault.accessToken(request) }
    }
    func tokenKey(_ audience: TokenAudience) async throws(KeyVaultError) -> SigningKeyDescription {
        try await noted("tokenKey") { vault throws(KeyVaultError) in try await vault.tokenKey(audience) }
    }
    func namedKeys() async throws(KeyVaultError) -> [NamedKeyDescription] {
        try await noted("namedKeys") { vault throws(KeyVaultError) in try await vault.namedKeys() }
    }
    func importNamedKey(_ request: ImportNamedKeyRequest) async throws(KeyVaultError) -> NamedKeyDescription {
        try await noted("importNamedKey") { vault throws(KeyVaultError) in try await vault.importNamedKey(request) }
    }
}

/// Notes what is asked of an issuer.
struct CountedIssuer: SecureElementIssuer {
    let issuer: any SecureElementIssuer
    let log: CallLog
    /// As an issuer that does not know results of following sessions.
    var ignoresFollowing = false

    func beginEligibility(_ request: SEI.EligibilityRequest) async throws(SEIError) -> SEI.EligibilityChallenge {
        try log.noteIssuer("beginEligibility")
        return try await issuer.beginEligibility(request)
    }
    func submitEvidence(_ id: String, _ evidence: SEI.Evidence) async throws(SEIError) -> SEI.EligibilityVerdict {
        try log.noteIssuer("submitEvidence")
        return try await issuer.submitEvidence(id, evidence)
    }
    func openDialog(_ request: SEI.DialogRequest, idempotencyKey: String) async throws(SEIError) -> SEI.Dialog {
        try log.noteIssuer("openDialog")
        return try await issuer.openDialog(request, idempotencyKey: idempotencyKey)
    }
    func submitResults(_ dialogId: String, _ results: SEI.SessionResults) async throws(SEIError) -> SEI.Dialog {
        log.note("submitResults")
        var results = results
        if ignoresFollowing { results.following = nil }
        return try await issuer.submitResults(dialogId, results)
    }
    func dialog(_ id: String) async throws(SEIError) -> SEI.Dialog {
        log.note("dialog")
        return try await issuer.dialog(id)
    }
    func abandonDialog(_ id: String) async throws(SEIError) {
        log.note("abandonDialog")
        try await issuer.abandonDialog(id)
    }
    func secureComponent(_ id: String) async throws(SEIError) -> SEI.SecureComponent {
        log.note("secureComponent")
        return try await issuer.secureComponent(id)
    }
    func transportKeys() async throws(SEIError) -> [NamedKeyDescription] {
        log.note("transportKeys")
        return try await issuer.transportKeys()
    }
}
