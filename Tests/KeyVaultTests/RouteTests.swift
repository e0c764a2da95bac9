import Cryptography
import Foundation
import GlobalPlatform
import HTTP2
import HTTPTypes
import KeyVaultAPI
import KeyVaultService
import ServiceKit
import Testing

@Suite(.serialized) struct RouteTests {
    @Test func everyOperationOverTheWire() async throws {
        try await VaultDomain.withVault { running in
            let (vault, people) = (try running.vault("tsm"), try running.vault("operator"))
            let index = "0a0b0c0d-0e0f-4a0b-8c0d-0e0f0a0b0c0d"
            let transport = try SystemRandom().bytes(32)
            for (name, kind, key) in [("t", NamedKeyDescription.Kind.transport, transport), (index, .master, Array(0...15))] {
                let half = try SystemRandom().bytes(key.count)
                let described = try await people.importNamedKey(
                    ImportNamedKeyRequest(
                        index: name, kind: kind, owner: "sp", components: [HexBytes(half), HexBytes(zip(half, key).map { $0 ^ $1 })],
                        keyCheckValue: HexBytes(try aesKeyCheckValue(SecretBytes(copying: key)))))
                #expect(described.kind == kind)
            }
            #expect(try await vault.namedKeys().map(\.index) == [index, "t"])

            let keys = try randomKeys(16)
            let first = try await vault.importKeySet(
                ImportKeySetRequest(wrapped: try TestVault.wrap(keys, version: 0x30, under: transport, index: "t"), purpose: .supplementarySecurityDomain, owner: "sp", label: "first"))
            let final = try await vault.createKeySet(
                CreateKeySetRequest(
                    origin: .diversified(masterKeyIndex: index, keyDiversificationData: nil, scheme: .kdf3), purpose: .supplementarySecurityDomain, keyLength: 16,
                    keyVersionNumber: 0x31, owner: "sp", label: "final"))
            #expect(try await vault.keySet(id: final.id) == final)
            #expect(try await vault.exportKeySet(id: final.id, ExportKeySetRequest(transportKeyIndex: "t")).keyCheckValues == final.keyCheckValues)

            var card = TestCard(keys, version: 0x30)
            let challenge = try await vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x30))
            let answer = try await vault.verifyCryptogram(
                VerifyCryptogramRequest(
                    challengeId: challenge.challengeId, initializeUpdateResponse: HexBytes(try card.transmit(challenge.initializeUpdate.bytes)),
                    securityDomain: .issuerSecurityDomain, candidates: [.keySet(id: final.id), .keySet(id: first.id)]))
            #expect(answer.matched == .keySet(id: first.id) && answer.sequenceCounter == HexBytes([0, 0, 1]))

            let script = try await vault.openChannel(
                openRequest(first.id, mode: predicted(2), commands: [.putKey(keySetId: final.id, keyVersionNumber: 0x31, replacing: 0x30)]))
            #expect(try await vault.report(channel: script.channelId, predictedReport(try card.run(script.all))).outcome == .complete)
            try await vault.closeChannel(script.channelId)
            let opened = try await vault.openChannel(openRequest(final.id, version: 0x31, mode: .challenge))
            let authenticated = try await vault.authenticate(
                channel: opened.channelId, AuthenticateChannelRequest(initializeUpdateResponse: HexBytes(try card.run(opened.all)[0]), commands: [.apdu(getStatus)]))
            let more = try await vault.continueChannel(opened.channelId, ContinueChannelRequest(commands: [.apdu(setStatus)]))
            let answers = try card.run(authenticated.all + more.all)
            let report = try await vault.report(
                channel: opened.channelId,
                ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: HexBytes(answers[0]), responses: answers[1...].map { HexBytes($0) }))
            #expect(report.outcome == .complete && report.responses.count == 2)
            #expect(try await vault.changeState(ofKeySet: first.id, ChangeKeySetStateRequest(state: .retired)).state == .retired)

            let token = try await vault.attestationToken(
                AttestationTokenRequest(processId: UUID().uuidString, flavorId: UUID().uuidString, diversifiedKeySetId: final.id))
            #expect(try GlobalPlatform.AttestationToken(parsing: token.token.bytes).content.diversification != nil)
            #expect(try await vault.attestationKey() == running.vault("reader").attestationKey())
            #expect(try await running.vault("provider").accessToken(
                AccessTokenRequest(audience: .provider, serviceProviderId: "sp", deviceAppId: nil, deviceKeyThumbprint: nil, lifetime: 3600)).token.split(separator: ".").count == 3)
            #expect(try await vault.tokenKey(.provider) != vault.tokenKey(.handset))
            try await people.releaseAuthentications(.keySet(id: final.id))
            let verdict = try await running.client("operator").call(.get, KeyVaultPaths.auditVerification, as: AuditChainVerdict.self)
            #expect(verdict.brokenAt == nil && verdict.intactLines > 15)
            let records = try await running.client("operator").call(.get, KeyVaultPaths.audit + "?after=\(verdict.intactLines - 1)&limit=10", as: [AuditRecord].self)
            #expect(records.map(\.line.operation) == ["releaseAuthentications"] && records.map(\.line.caller) == ["spiffe://test.example/operator"])
        }
    }

    @Test func refusalsKeepTheirCodes() async throws {
        try await VaultDomain.withVault { running in
            let (vault, reader) = (try running.vault("tsm"), try running.vault("reader"))
            #expect(await refusal { try await vault.keySet(id: "a/b?c") } == .notFound)
            #expect(await refusal { try await reader.keySet(id: "x") } == .forbidden)
            #expect(await refusal { try await running.vault("stranger").namedKeys() } == .forbidden)
            #expect(await refusal { try await vault.openChannel(openRequest("x", level: 0x01)) } == .invalidRequest)
            #expect(await refusal { try await vault.closeChannel("x") } == .notFound)
            #expect(await refusal { try await vault.importNamedKey(ImportNamedKeyRequest(index: "", kind: .master, owner: "", components: [], keyCheckValue: HexBytes([]))) } == .forbidden)
            #expect(await refusal { try await vault.accessToken(AccessTokenRequest(audience: .handset, serviceProviderId: "sp", deviceAppId: "aa", deviceKeyThumbprint: "x", lifetime: 61)) } == .invalidRequest)
            let client = try running.client("tsm")
            do throws(RemoteError) {
                _ = try await client.exchange(.post, KeyVaultPaths.channels, bytes: Array("{\"keys\":".utf8), contentType: WireJSON.contentType)
                Issue.record("half a document was accepted")
            } catch {
                #expect(error.status == 400 && error.code == "malformedBody")
            }
            #expect(await refusal { try await KeyVaultClient(running.client("tsm", base: "/other")).namedKeys() } == .forbidden)
        }
    }

    @Test func withoutRootKeyEverythingIsSealed() async throws {
        try await VaultDomain.withVault(initialised: false) { running in
            #expect(await refusal { try await running.vault("tsm").namedKeys() } == .sealed)
            #expect(await refusal { try await running.vault("tsm").createKeySet(CreateKeySetRequest(origin: .random, purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: 0x31, owner: "o", label: "")) } == .sealed)
            let health = try running.client("operator", listener: "health", base: "")
            do throws(RemoteError) {
                try await health.send(.get, "/health/ready")
                Issue.record("a sealed vault says that it is ready")
            } catch {
                #expect(error.status == 503)
            }
        }
    }

    @Test func aVaultThatIsNotThereIsUnreachable() async throws {
        let left = Left()
        try await VaultDomain.withVault { running in
            let vault = try running.vault("tsm")
            #expect(try await vault.namedKeys().isEmpty)
            await left.keep(vault)
        }
        let vault = try #require(await left.vault)
        #expect(await refusal { try await vault.namedKeys() } == .unreachable)
    }

    private actor Left {
        var vault: KeyVaultClient?
        func keep(_ vault: KeyVaultClient) { self.vault = vault }
    }

    /// The published document and the routes name the same operations.
    @Test func theDocumentAndTheRoutesAgree() async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/key-vault-api.yaml").path
        let text = try String(contentsOfFile: file, encoding: .utf8)
        var operations: Set<String> = []
        var path = ""
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("  /"), line.hasSuffix(":") { path = String(line.dropFirst(2).dropLast()) }
            for method in ["get", "post", "delete", "put"] where line == "    \(method):" { operations.insert("\(method) \(path)") }
        }
        #expect(operations == Set(Self.operations))
        try await VaultDomain.withVault { [operations] running in
            let client = try running.client("reader")
            for operation in operations {
                let parts = operation.split(separator: " ").map(String.init)
                let method = try #require(HTTPRequest.Method(rawValue: parts[0].uppercased()))
                let target = parts[1].replacing("{id}", with: "x").replacing("{audience}", with: "provider")
                do throws(RemoteError) {
                    _ = try await client.exchange(method, target, bytes: method == .post ? Array("{}".utf8) : nil, contentType: WireJSON.contentType)
                } catch {
                    #expect(error.status == 400 || error.status == 403, "\(operation): \(error)")
                }
            }
            let served = try await running.client("reader", base: "").exchange(.get, "/openapi.yaml", bytes: nil, contentType: nil)
            #expect(String(decoding: served.body, as: UTF8.self) == text)
        }
    }

    private static let operations = [
        "post /key-sets", "get /key-sets/{id}", "post /key-sets/import", "post /key-sets/{id}/export", "post /key-sets/{id}/state", "post /host-challenges",
        "post /cryptograms/verify", "post /channels", "post /channels/{id}/authenticate", "post /channels/{id}/commands", "post /channels/{id}/report",
        "delete /channels/{id}", "post /batch", "post /attestation-tokens", "get /attestation-key", "post /access-tokens", "get /token-keys/{audience}", "get /named-keys",
        "post /named-keys", "post /authentication-counters/release", "get /audit", "get /audit/verification", "get /audit/anchor", "get /seal", "post /seal", "post /seal/shares", "post /root-key/rotation",
    ]
}
