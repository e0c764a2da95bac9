import HTTPTypes
import ServiceKit

/// A key vault over HTTP/2: the mirror of its routes.
public struct KeyVaultClient: KeyVault {
    private let client: JSONClient

    /// - Parameter client: its base URL ends in `/vault/v1`.
    public init(_ client: JSONClient) { self.client = client }

    public func createKeySet(_ request: CreateKeySetRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await post(KeyVaultPaths.keySets, request)
    }

    public func keySet(id: String) async throws(KeyVaultError) -> KeySetDescription {
        try await get("\(KeyVaultPaths.keySets)/\(JSONClient.segment(id))")
    }

    public func importKeySet(_ request: ImportKeySetRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await post(KeyVaultPaths.importKeySet, request)
    }

    public func exportKeySet(id: String, _ request: ExportKeySetRequest) async throws(KeyVaultError) -> WrappedKeySet {
        try await post("\(KeyVaultPaths.keySets)/\(JSONClient.segment(id))/export", request)
    }

    public func changeState(ofKeySet id: String, _ request: ChangeKeySetStateRequest) async throws(KeyVaultError) -> KeySetDescription {
        try await post("\(KeyVaultPaths.keySets)/\(JSONClient.segment(id))/state", request)
    }

    public func hostChallenge(_ request: HostChallengeRequest) async throws(KeyVaultError) -> HostChallenge {
        try await post(KeyVaultPaths.hostChallenges, request)
    }

    public func verifyCryptogram(_ request: VerifyCryptogramRequest) async throws(KeyVaultError) -> VerifyCryptogramAnswer {
        try await post(KeyVaultPaths.verifyCryptogram, request)
    }

    public func openChannel(_ request: OpenChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await post(KeyVaultPaths.channels, request)
    }

    public func authenticate(channel id: String, _ request: AuthenticateChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await post("\(channel(id))/authenticate", request)
    }

    public func continueChannel(_ id: String, _ request: ContinueChannelRequest) async throws(KeyVaultError) -> ChannelScript {
        try await post("\(channel(id))/commands", request)
    }

    public func report(channel id: String, _ report: ChannelReport) async throws(KeyVaultError) -> VerifiedReport {
        try await post("\(channel(id))/report", report)
    }

    public func closeChannel(_ id: String) async throws(KeyVaultError) {
        do { try await client.send(.delete, channel(id)) } catch { throw KeyVaultError(remote: error) }
    }

    public func batch(_ batch: VaultBatch) async throws(KeyVaultError) -> VaultBatchAnswer {
        let answer: VaultBatchAnswer = try await post(KeyVaultPaths.batch, batch)
        guard answer.steps.count == batch.steps.count else {
            throw KeyVaultError(.internalError, "the key vault answered \(answer.steps.count) steps where \(batch.steps.count) were asked for")
        }
        return answer
    }

    public func attestationToken(_ request: AttestationTokenRequest) async throws(KeyVaultError) -> AttestationToken {
        try await post(KeyVaultPaths.attestationTokens, request)
    }

    public func attestationKey() async throws(KeyVaultError) -> SigningKeyDescription { try await get(KeyVaultPaths.attestationKey) }

    public func accessToken(_ request: AccessTokenRequest) async throws(KeyVaultError) -> AccessToken { try await post(KeyVaultPaths.accessTokens, request) }

    public func tokenKey(_ audience: TokenAudience) async throws(KeyVaultError) -> SigningKeyDescription {
        try await get("\(KeyVaultPaths.tokenKeys)/\(audience.rawValue)")
    }

    public func namedKeys() async throws(KeyVaultError) -> [NamedKeyDescription] { try await get(KeyVaultPaths.namedKeys) }

    public func importNamedKey(_ request: ImportNamedKeyRequest) async throws(KeyVaultError) -> NamedKeyDescription {
        try await post(KeyVaultPaths.namedKeys, request)
    }

    /// Operator only, beside the protocol: the authentications with these keys that were never proven have been looked into.
    public func releaseAuthentications(_ keys: KeyReference) async throws(KeyVaultError) {
        do {
            try await client.send(.post, KeyVaultPaths.releaseAuthentications, body: ReleaseAuthenticationsRequest(keys: keys))
        } catch {
            throw KeyVaultError(remote: error)
        }
    }

    private func channel(_ id: String) -> String { "\(KeyVaultPaths.channels)/\(JSONClient.segment(id))" }

    private func get<Answer: Decodable>(_ path: String) async throws(KeyVaultError) -> Answer {
        do { return try await client.call(.get, path) } catch { throw KeyVaultError(remote: error) }
    }

    private func post<Answer: Decodable>(_ path: String, _ body: some Encodable & Sendable) async throws(KeyVaultError) -> Answer {
        do { return try await client.call(.post, path, body: body) } catch { throw KeyVaultError(remote: error) }
    }
}

extension KeyVaultError {
    /// The vault's own error if it is one; else what the failure of the call means to whoever called.
    public init(remote error: RemoteError) {
        switch error {
        case .unreachable(let reason): self.init(.unreachable, "the key vault is not reachable (\(reason)); whether it did anything is unknown")
        case .malformedAnswer(let reason): self.init(.internalError, "the key vault answered in a form that is not agreed: \(reason)")
        case .refused(let refusal):
            let reason = refusal.detail ?? "refused with status \(refusal.status)"
            if let code = Code(rawValue: refusal.code) {
                self.init(code, reason)
            } else {
                switch refusal.status {
                case 401, 403: self.init(.forbidden, reason)
                case 400, 413, 415: self.init(.invalidRequest, reason)
                case 502, 503, 504: self.init(.unreachable, reason)
                default: self.init(.internalError, reason)
                }
            }
        }
    }
}
