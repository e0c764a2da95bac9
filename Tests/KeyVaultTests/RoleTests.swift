import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct RoleTests {
    private typealias Attempt = (name: VaultOperation, run: @Sendable (any KeyVault) async throws -> Void)

    /// Requests that are all refused, so that only the order of the refusals matters: the role comes before anything else.
    private var attempts: [Attempt] {
        let keys = KeyReference.keySet(id: "none")
        return [
            (.createKeySet, { _ = try await $0.createKeySet(CreateKeySetRequest(origin: .random, purpose: .supplementarySecurityDomain, keyLength: 1, keyVersionNumber: 0x30, owner: "o", label: "")) }),
            (.readKeySet, { _ = try await $0.keySet(id: "none") }),
            (.importKeySet, { _ = try await $0.importKeySet(ImportKeySetRequest(wrapped: WrappedKeySet(transportKeyIndex: "none", keyVersionNumber: 0x30, enc: HexBytes([]), mac: HexBytes([]), dek: HexBytes([]), keyCheckValues: []), purpose: .issuerSecurityDomain, owner: "o", label: "")) }),
            (.exportKeySet, { _ = try await $0.exportKeySet(id: "none", ExportKeySetRequest(transportKeyIndex: "none")) }),
            (.changeKeySetState, { _ = try await $0.changeState(ofKeySet: "none", ChangeKeySetStateRequest(state: .live)) }),
            (.hostChallenge, { _ = try await $0.hostChallenge(HostChallengeRequest(keyVersionNumber: 0)) }),
            (.verifyCryptogram, { _ = try await $0.verifyCryptogram(VerifyCryptogramRequest(challengeId: "none", initializeUpdateResponse: HexBytes([]), securityDomain: .issuerSecurityDomain, candidates: [keys])) }),
            (.openChannel, { _ = try await $0.openChannel(OpenChannelRequest(keys: keys, keyVersionNumber: 0, securityDomain: .issuerSecurityDomain, scpParameter: 0x70, securityLevel: 0x33, mode: .challenge, process: "p", commands: [])) }),
            (.authenticateChannel, { _ = try await $0.authenticate(channel: "none", AuthenticateChannelRequest(initializeUpdateResponse: HexBytes([]), commands: [])) }),
            (.continueChannel, { _ = try await $0.continueChannel("none", ContinueChannelRequest(commands: [])) }),
            (.reportChannel, { _ = try await $0.report(channel: "none", ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: nil, responses: [])) }),
            (.closeChannel, { try await $0.closeChannel("none") }),
            (.attestationToken, { _ = try await $0.attestationToken(AttestationTokenRequest(processId: "x", flavorId: "y", diversifiedKeySetId: nil)) }),
            (.providerToken, { _ = try await $0.accessToken(AccessTokenRequest(audience: .provider, serviceProviderId: "", deviceAppId: nil, deviceKeyThumbprint: nil, lifetime: 0)) }),
            (.handsetToken, { _ = try await $0.accessToken(AccessTokenRequest(audience: .handset, serviceProviderId: "", deviceAppId: nil, deviceKeyThumbprint: nil, lifetime: 0)) }),
            (.importNamedKey, { _ = try await $0.importNamedKey(ImportNamedKeyRequest(index: "", kind: .master, owner: "", components: [], keyCheckValue: HexBytes([]))) }),
            (.readAttestationKey, { _ = try await $0.attestationKey() }),
            (.readTokenKey, { _ = try await $0.tokenKey(.handset) }),
            (.listNamedKeys, { _ = try await $0.namedKeys() }),
        ]
    }

    /// Who may, written down a second time and by hand.
    private func mayDo(_ operation: VaultOperation, _ role: VaultRole) -> Bool {
        switch operation {
        case .readAttestationKey, .readTokenKey: true
        case .providerToken: role == .providerTokenSigner
        case .handsetToken: role == .handsetTokenSigner
        case .importNamedKey, .readAuditLog, .anchorAuditLog, .seal, .rotateRootKey: role == .operator
        case .readSeal: role == .operator || role == .custodian
        case .giveShare: role == .custodian
        case .releaseAuthentications: role == .operator || role == .authenticationReleaser
        case .readKeySet, .listNamedKeys: role == .channelOpener || role == .operator
        case .maintenance: false
        default: role == .channelOpener
        }
    }

    @Test func everyOperationForEveryRole() async throws {
        let vault = try await TestVault.make()
        for role in VaultRole.allCases {
            let session = try vault.engine.as(VaultCaller(identity: "spiffe://x.example/\(role.rawValue)", roles: [role]))
            for attempt in attempts {
                let code = await refusal { try await attempt.run(session) }
                #expect((code == .forbidden) == !mayDo(attempt.name, role), "\(attempt.name.rawValue) by \(role.rawValue): \(String(describing: code))")
            }
        }
        let nobody = try vault.engine.as(VaultCaller(identity: "spiffe://x.example/nobody", roles: []))
        for attempt in attempts { #expect(await refusal { try await attempt.run(nobody) } == .forbidden) }
        for operation in VaultOperation.allCases {
            for role in VaultRole.allCases {
                #expect(operation.isAllowed(to: VaultCaller(identity: "x", roles: [role])) == mayDo(operation, role))
            }
        }
        try await vault.stop()
    }

    @Test func refusalsAreInTheAuditLog() async throws {
        let vault = try await TestVault.make()
        let reader = try vault.engine.as(VaultCaller(identity: "spiffe://x.example/curious", roles: [.reader]))
        #expect(await refusal { try await reader.keySet(id: "abc") } == .forbidden)
        let records = try await vault.engine.auditRecords(after: 0, limit: 1000, TestVault.people)
        let last = try #require(records.last)
        #expect(last.line.operation == "readKeySet")
        #expect(last.line.caller == "spiffe://x.example/curious")
        #expect(last.line.outcome == "forbidden")
        #expect(last.line.keys == "set:abc")
        try await vault.stop()
    }
}
