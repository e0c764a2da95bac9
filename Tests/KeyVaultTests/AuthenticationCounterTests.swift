import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct AuthenticationCounterTests {
    @Test func theVaultStopsBeforeTheCardDoes() async throws {
        let vault = try await TestVault.make(limits: VaultLimits(unprovenAuthentications: 3))
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        var scripts: [ChannelScript] = []
        for counter in 1...3 { scripts.append(try await vault.vault.openChannel(openRequest(set.id, mode: predicted(UInt32(counter)), commands: [.apdu(getStatus)]))) }
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 3)
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, mode: predicted(4))) } == .tooManyUnprovenAuthentications)
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, mode: .challenge)) } == .tooManyUnprovenAuthentications)
        try await vault.restart()
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, mode: predicted(4))) } == .tooManyUnprovenAuthentications)
        // One proven success frees them all.
        var card = TestCard(keys, version: 0x30)
        #expect(try await vault.vault.report(channel: scripts[0].channelId, predictedReport(try card.run(scripts[0].all))).outcome == .complete)
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 0)
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, mode: predicted(4))) } == nil)
        try await vault.stop()
    }

    @Test func challengeChannelsCountWhenTheyAuthenticate() async throws {
        let vault = try await TestVault.make(limits: VaultLimits(unprovenAuthentications: 1))
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        var card = TestCard(keys, version: 0x30)
        let opened = [try await vault.vault.openChannel(openRequest(set.id, mode: .challenge)), try await vault.vault.openChannel(openRequest(set.id, mode: .challenge))]
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 0)
        var codes: [KeyVaultError.Code?] = []
        for channel in opened {
            let answer = try card.run(channel.all)[0]
            codes.append(await refusal { try await vault.vault.authenticate(channel: channel.channelId, AuthenticateChannelRequest(initializeUpdateResponse: HexBytes(answer), commands: [])) })
        }
        #expect(codes == [nil, .tooManyUnprovenAuthentications])
        try await vault.stop()
    }

    @Test func anOperatorReleases() async throws {
        let vault = try await TestVault.make(limits: VaultLimits(unprovenAuthentications: 1))
        let set = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .issuerSecurityDomain)
        _ = try await vault.vault.openChannel(openRequest(set.id))
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id)) } == .tooManyUnprovenAuthentications)
        #expect(await refusal { try await vault.engine.releaseAuthentications(.keySet(id: set.id), TestVault.tsm) } == .forbidden)
        #expect(await refusal { try await vault.engine.releaseAuthentications(.keySet(id: "none"), TestVault.people) } == .notFound)
        try await vault.engine.releaseAuthentications(.keySet(id: set.id), TestVault.people)
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id)) } == nil)
        try await vault.stop()
    }
}
