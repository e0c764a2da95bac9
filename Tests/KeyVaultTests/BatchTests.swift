import Foundation
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

/// Several operations in one transaction: what each may, together or not at all.
@Suite struct BatchTests {
    private func creation(version: UInt8 = 0x31, owner: String = TestVault.owner) -> VaultStep {
        .createKeySet(request: CreateKeySetRequest(
            origin: .random, purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: version, owner: owner, label: "batch"))
    }

    private func state(_ id: String, _ state: KeySetState) -> VaultStep { .changeState(id: id, request: ChangeKeySetStateRequest(state: state)) }

    private func lines(_ vault: TestVault) async throws -> [AuditLine] {
        #expect(try await vault.engine.verifyAuditChain().brokenAt == nil)
        return try await vault.engine.auditRecords(after: 0, limit: 1000, TestVault.people).map(\.line)
    }

    private func transportReady(_ vault: TestVault) async throws { try await vault.importNamed("test-transport", .transport, TestVault.transportKey) }

    @Test func aWholeDeploymentInOneBatch() async throws {
        let vault = try await TestVault.make()
        try await transportReady(vault)
        let keys = try randomKeys(16)
        let process = UUID().uuidString.lowercased()
        let attestation = AttestationTokenRequest(processId: process, flavorId: UUID().uuidString.lowercased(), diversifiedKeySetId: nil)
        let before = try await lines(vault).count
        let answers = try await vault.vault.batch(VaultBatch([
            .importKeySet(request: ImportKeySetRequest(wrapped: try TestVault.wrap(keys, version: 0x30), purpose: .supplementarySecurityDomain, owner: TestVault.owner, label: "")),
            creation(),
            .openChannel(request: openRequest("#0", commands: [.putKey(keySetId: "#1", keyVersionNumber: 0x31, replacing: 0x30)])),
            .openChannel(request: openRequest("#1", version: 0x31, commands: [.apdu(getStatus)])),
            .openChannel(request: openRequest("#1", version: 0x31, mode: predicted(2), commands: [.storeAttestationToken(attestation)])),
            .attestationToken(request: attestation),
        ])).steps
        #expect(answers.map { $0.keySet != nil } == [true, true, false, false, false, false])
        #expect(answers.map { $0.script != nil } == [false, false, true, true, true, false])
        let token = try #require(answers[5].attestationToken)
        #expect(Hex.encode(try GlobalPlatform.AttestationToken(parsing: token.token.bytes).content.processID.bytes) == process.replacing("-", with: ""))
        let (first, final) = (try #require(answers[0].keySet), try #require(answers[1].keySet))
        let scripts = try answers[2...3].map { try #require($0.script) }
        #expect(scripts.map(\.wrapped.count) == [1, 1])
        // One command, several C-APDUs, no shorter than the token in them.
        let stored = try #require(answers[4].script?.wrapped.first)
        #expect(answers[4].script?.wrapped.count == 1 && stored.reduce(0) { $0 + $1.bytes.count } > token.token.bytes.count)
        let written = try await lines(vault).dropFirst(before)
        #expect(written.map(\.operation) == ["importKeySet", "createKeySet", "openChannel", "openChannel", "attestationToken", "openChannel", "attestationToken"])
        #expect(written.allSatisfy { $0.outcome == "ok" && $0.caller == TestVault.tsm.identity })
        #expect(written.map(\.process).suffix(3) == [process, "process-1", process])

        // The card takes both sessions, and both reports are verified in one batch, whatever was told in it before.
        var card = TestCard(keys, version: 0x30)
        let reports = try scripts.map { predictedReport(try card.run($0.all)) }
        let ids = scripts.map(\.channelId)
        let verified = try await vault.vault.batch(VaultBatch([.report(id: ids[0], report: reports[0]), .report(id: ids[1], report: reports[1])])).steps
        #expect(verified.map { $0.report?.outcome } == [.complete, .complete])
        let ended = try await vault.vault.batch(VaultBatch(
            [state(final.id, .live), state(first.id, .retired), state(first.id, .destroyed)] + ids.map { .closeChannel(id: $0) })).steps
        #expect(ended.map { $0.keySet?.state } == [.live, .retired, .destroyed, nil, nil])
        #expect(try await vault.vault.keySet(id: final.id).unprovenAuthentications == 0)
        #expect(await refusal { try await vault.vault.report(channel: ids[0], reports[0]) } == .wrongState)
        try await vault.stop()
    }

    @Test func aRefusedStepLeavesNothing() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.createSSD(version: 0x30)
        let before = try await lines(vault).count
        let batches: [([VaultStep], KeyVaultError.Code, Int, String)] = [
            ([creation(), state("#0", .live), state(set.id, .destroyed), state(set.id, .live)], .wrongState, 3, "changeKeySetState"),
            ([state(set.id, .live), .openChannel(request: openRequest(set.id)), .closeChannel(id: "none")], .notFound, 2, "closeChannel"),
            ([.openChannel(request: openRequest(set.id)), .openChannel(request: openRequest(set.id, level: 0x01))], .invalidRequest, 1, "openChannel"),
            ([.exportKeySet(id: set.id, request: ExportKeySetRequest(transportKeyIndex: "none"))], .notFound, 0, "exportKeySet"),
            ([.openChannel(request: openRequest(set.id, commands: [.storeAttestationToken(AttestationTokenRequest(processId: "x", flavorId: "y", diversifiedKeySetId: nil))]))],
             .invalidRequest, 0, "attestationToken"),
        ]
        for (number, (steps, code, index, operation)) in batches.enumerated() {
            do {
                _ = try await vault.vault.batch(VaultBatch(steps))
                Issue.record("batch \(number) was carried out")
            } catch let error as KeyVaultError {
                #expect(error.code == code, "\(error)")
                #expect(error.reason.hasPrefix("step \(index) "), "\(error)")
            }
            let written = try await lines(vault).dropFirst(before + number)
            #expect(written.map(\.operation) == [operation] && written.map(\.outcome) == [code.rawValue])
        }
        #expect(try await vault.vault.keySet(id: set.id) == set)
        try await vault.stop()
    }

    @Test func aBatchAllowsNothingThatItsOperationsDoNot() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.createSSD(version: 0x30)
        for caller in [TestVault.provider, TestVault.people, VaultCaller(identity: "spiffe://x.example/reader", roles: [.reader])] {
            #expect(await refusal { try await vault.engine.as(caller).batch(VaultBatch([creation()])) } == .forbidden)
            #expect(try await lines(vault).last?.outcome == "forbidden")
        }
        // Another caller's channel is as one that does not exist, inside a batch and outside.
        let channel = try await vault.vault.openChannel(openRequest(set.id)).channelId
        let other = try vault.engine.as(VaultCaller(identity: "spiffe://other.example/tsm", roles: [.channelOpener]))
        #expect(await refusal { try await other.batch(VaultBatch([.closeChannel(id: channel)])) } == .notFound)
        // An ISD's keys are neither put on a card nor handed out.
        let isd = try await vault.importKnown(try randomKeys(16), version: 0x30, purpose: .issuerSecurityDomain)
        #expect(await refusal { try await vault.vault.batch(VaultBatch([.openChannel(request: openRequest(set.id, commands: [.putKey(keySetId: isd.id, keyVersionNumber: 0x30, replacing: nil)]))])) } == .usageNotAllowed)
        #expect(await refusal { try await vault.vault.batch(VaultBatch([.exportKeySet(id: isd.id, request: ExportKeySetRequest(transportKeyIndex: "test-transport"))])) } == .usageNotAllowed)
        // Nothing that a card may hold is destroyed without the step in between.
        #expect(await refusal { try await vault.vault.batch(VaultBatch([state(isd.id, .destroyed)])) } == .wrongState)
        // The authentications of a batch count one by one.
        let limit = VaultLimits().unprovenAuthentications
        let fresh = try await vault.createSSD(version: 0x30)
        let opening = VaultStep.openChannel(request: openRequest(fresh.id))
        #expect(await refusal { try await vault.vault.batch(VaultBatch([VaultStep](repeating: opening, count: limit + 1))) } == .tooManyUnprovenAuthentications)
        #expect(try await vault.vault.keySet(id: fresh.id).unprovenAuthentications == 0)
        #expect(await refusal { try await vault.vault.batch(VaultBatch([VaultStep](repeating: opening, count: limit))) } == nil)
        #expect(await refusal { try await vault.vault.openChannel(openRequest(fresh.id)) } == .tooManyUnprovenAuthentications)
        try await vault.stop()
    }

    @Test func referencesNameEarlierStepsOnly() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.createSSD(version: 0x30)
        let opening = VaultStep.openChannel(request: openRequest(set.id))
        for steps in [
            [state("#0", .live)], [creation(), state("#1", .live)], [creation(), state("#-1", .live)], [creation(), state("#", .live)], [creation(), state("#00x", .live)],
            [opening, state("#0", .live)], [creation(), .closeChannel(id: "#0")], [creation(), .report(id: "#0", report: laterReport([]))],
            [state(set.id, .pending), .closeChannel(id: "#0")], [.openChannel(request: openRequest("#0"))],
            [.openChannel(request: openRequest(set.id, commands: [.putKey(keySetId: "#7", keyVersionNumber: 0x31, replacing: nil)]))],
        ] as [[VaultStep]] {
            #expect(await refusal { try await vault.vault.batch(VaultBatch(steps)) } == .invalidRequest, "\(steps)")
        }
        // A change of state answers with its key set, which can be named from then on.
        #expect(await refusal { try await vault.vault.batch(VaultBatch([state(set.id, .live), state("#0", .retired)])) } == nil)
        #expect(try await vault.vault.keySet(id: set.id).state == .retired)
        try await vault.stop()
    }

    @Test func repeatedUnderItsKeyABatchIsNotCarriedOutAgain() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.createSSD(version: 0x30)
        let steps: [VaultStep] = [creation(), .openChannel(request: openRequest(set.id, commands: [.apdu(getStatus)]))]
        let first = try await vault.vault.batch(VaultBatch(steps, idempotencyKey: "k"))
        try await vault.restart()
        #expect(try await vault.vault.batch(VaultBatch(steps, idempotencyKey: "k")) == first)
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 1)
        #expect(try await lines(vault).last?.operation == "batch")
        // Another batch under the key, another caller, another key, no key, a key that has expired.
        #expect(await refusal { try await vault.vault.batch(VaultBatch([creation()], idempotencyKey: "k")) } == .invalidRequest)
        let other = try vault.engine.as(VaultCaller(identity: "spiffe://other.example/tsm", roles: [.channelOpener]))
        #expect(try await other.batch(VaultBatch(steps, idempotencyKey: "k")) != first)
        #expect(try await vault.vault.batch(VaultBatch(steps, idempotencyKey: "l")) != first)
        #expect(try await vault.vault.batch(VaultBatch(steps)) != first)
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 4)
        vault.advance(seconds: Double(VaultLimits().batchRetention) + 1)
        #expect(try await vault.vault.batch(VaultBatch([creation()], idempotencyKey: "k")) != first)
        for key in ["", String(repeating: "k", count: 129)] {
            #expect(await refusal { try await vault.vault.batch(VaultBatch([creation()], idempotencyKey: key)) } == .invalidRequest)
        }
        // A batch that was refused is not remembered: the reason may go away.
        #expect(await refusal { try await vault.vault.batch(VaultBatch([state(set.id, .live), .closeChannel(id: "none")], idempotencyKey: "m")) } == .notFound)
        #expect(await refusal { try await vault.vault.batch(VaultBatch([state(set.id, .live)], idempotencyKey: "m")) } == nil)
        try await vault.stop()
    }

    @Test func boundsOfCountAndSize() async throws {
        let vault = try await TestVault.make(limits: VaultLimits(unprovenAuthentications: 100, commandsPerChannel: 20, stepsPerBatch: 4))
        let set = try await vault.createSSD(version: 0x30)
        #expect(await refusal { try await vault.vault.batch(VaultBatch([])) } == .invalidRequest)
        #expect(try await lines(vault).last?.operation == "batch")
        let read = state(set.id, .pending)
        #expect(await refusal { try await vault.vault.batch(VaultBatch([read, read, read, read, read])) } == .invalidRequest)
        #expect(await refusal { try await vault.vault.batch(VaultBatch([read, read, read, read])) } == nil)
        func opening(_ commands: Int) -> VaultStep { .openChannel(request: openRequest(set.id, commands: [ChannelCommand](repeating: .apdu(getStatus), count: commands))) }
        #expect(await refusal { try await vault.vault.batch(VaultBatch([opening(21)])) } == .invalidRequest)
        #expect(await refusal { try await vault.vault.batch(VaultBatch([opening(11), opening(10)])) } == .invalidRequest)
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 0)
        #expect(await refusal { try await vault.vault.batch(VaultBatch([opening(10), opening(10)])) } == nil)
        try await vault.stop()
    }

    @Test func concurrentBatchesKeepTheChain() async throws {
        let vault = try await TestVault.make(limits: VaultLimits(unprovenAuthentications: 1000))
        let set = try await vault.createSSD(version: 0x30)
        let session = try vault.vault
        let before = try await lines(vault).count
        let refused = await withTaskGroup(of: KeyVaultError.Code?.self) { group in
            for number in 0..<40 {
                let last = number % 4 == 3 ? VaultStep.closeChannel(id: "none") : .closeChannel(id: "#1")
                group.addTask { await refusal { try await session.batch(VaultBatch([creation(), .openChannel(request: openRequest(set.id)), last])) } }
            }
            return await group.reduce(into: 0) { $0 += $1 == .notFound ? 1 : 0 }
        }
        #expect(refused == 10)
        #expect(try await lines(vault).count - before == 30 * 3 + 10)
        #expect(try await session.keySet(id: set.id).unprovenAuthentications == 30)
        try await vault.stop()
    }
}
