import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

/// The store is the truth: whatever was answered is still so after the process is gone.
@Suite struct RestartTests {
    @Test func betweenEveryStep() async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        try await vault.restart()
        let opened = try await vault.vault.openChannel(openRequest(set.id, mode: .challenge))
        try await vault.restart()
        var card = TestCard(keys, version: 0x30)
        let challenge = HexBytes(try card.run(opened.all)[0])
        let script = try await vault.vault.authenticate(channel: opened.channelId, AuthenticateChannelRequest(initializeUpdateResponse: challenge, commands: [.apdu(getStatus)]))
        try await vault.restart()
        let more = try await vault.vault.continueChannel(opened.channelId, ContinueChannelRequest(commands: [.apdu(setStatus)]))
        try await vault.restart()
        let answers = try card.run(script.all + more.all)
        let report = ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: HexBytes(answers[0]), responses: answers[1...].map { HexBytes($0) })
        #expect(try await vault.vault.report(channel: opened.channelId, report).outcome == .complete)
        try await vault.restart()
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 0)
        #expect(try await vault.engine.verifyAuditChain().brokenAt == nil)
        try await vault.stop()
    }

    @Test func oldChannelsAreForgotten() async throws {
        let vault = try await TestVault.make(limits: VaultLimits(channelRetention: 60))
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        vault.random.lay([8, 7, 6, 5, 4, 3, 2, 1])
        let script = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(getStatus)]))
        var card = TestCard(keys, version: 0x30)
        let report = predictedReport(try card.run(script.all))
        vault.advance(seconds: 59)
        try await vault.restart()
        #expect(await refusal { try await vault.vault.report(channel: script.channelId, report) } == nil)
        vault.advance(seconds: 2)
        try await vault.restart()
        #expect(await refusal { try await vault.vault.report(channel: script.channelId, report) } == .wrongState)
        // Its challenge stays used.
        vault.random.lay([8, 7, 6, 5, 4, 3, 2, 1])
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id)) } == .internalError)
        try await vault.stop()
    }
}
