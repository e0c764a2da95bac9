import GlobalPlatform
import KeyVaultAPI
import Testing
@testable import KeyVaultService

@Suite struct ChannelRetentionTests {
    /// What the vault's clock does every hour, not only at the start.
    @Test func oldChannelsAreForgottenWhileTheVaultRuns() async throws {
        let vault = try await TestVault.make(limits: VaultLimits(channelRetention: 86_400))
        let set = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .issuerSecurityDomain)
        let old = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(getStatus)]))
        vault.advance(seconds: 86_000)
        let young = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(getStatus)]))
        try await vault.engine.forgetWhatExpired()
        #expect(try await vault.vault.report(channel: old.channelId, laterReport([])).outcome == .stopped)
        vault.advance(seconds: 401)
        try await vault.engine.forgetWhatExpired()
        #expect(await refusal { try await vault.vault.report(channel: old.channelId, laterReport([])) } == .wrongState)
        #expect(try await vault.vault.report(channel: young.channelId, laterReport([])).outcome == .stopped)
        try await vault.stop()
    }
}
