import Foundation
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

/// Data of a process: sealed while it runs, gone for certain when it has ended.
@Suite struct ProcessDataTests {
    private let secret = HexBytes(Array("4711 is the PIN".utf8))

    private func seal(_ vault: any KeyVault, _ process: String, _ data: HexBytes) async throws -> HexBytes {
        try #require(try await vault.batch(VaultBatch([.sealProcessData(process: process, data: data)])).steps[0].data)
    }

    private func open(_ vault: any KeyVault, _ process: String, _ sealed: HexBytes) async throws -> HexBytes? {
        try await vault.batch(VaultBatch([.openProcessData(process: process, sealed: sealed)])).steps[0].data
    }

    @Test func sealedAndOpenedAcrossARestartAndGoneWhenForgotten() async throws {
        let vault = try await TestVault.make()
        let first = try await seal(vault.vault, "p1", secret), second = try await seal(vault.vault, "p1", secret)
        #expect(first != second && !first.bytes.contains(secret.bytes))
        try await vault.restart()
        #expect(try await open(vault.vault, "p1", first) == secret)
        #expect(try await open(vault.vault, "p1", second) == secret)
        _ = try await vault.vault.batch(VaultBatch([.forgetProcess(process: "p1"), .forgetProcess(process: "p1"), .forgetProcess(process: "never")]))
        #expect(await refusal { try await open(vault.vault, "p1", first) } == .notFound)
        // A new key opens nothing of the old one's.
        _ = try await seal(vault.vault, "p1", secret)
        #expect(await refusal { try await open(vault.vault, "p1", first) } == .invalidRequest)
        let lines = try await vault.engine.auditRecords(after: 0, limit: 100, TestVault.people).map(\.line).filter { $0.process == "p1" }
        #expect(lines.map(\.operation) == ["sealProcessData", "sealProcessData", "openProcessData", "openProcessData", "forgetProcess", "openProcessData", "sealProcessData", "openProcessData"])
        try await vault.stop()
    }

    @Test func otherProcessesAndCallersOpenNothing() async throws {
        let vault = try await TestVault.make()
        let sealed = try await seal(vault.vault, "p1", secret)
        _ = try await seal(vault.vault, "p2", secret)
        #expect(await refusal { try await open(vault.vault, "p2", sealed) } == .invalidRequest)
        let other = try vault.engine.as(VaultCaller(identity: "spiffe://sp-tsm.example/other", roles: [.channelOpener]))
        #expect(await refusal { try await open(other, "p1", sealed) } == .notFound)
        _ = try await other.batch(VaultBatch([.forgetProcess(process: "p1")]))
        #expect(try await open(vault.vault, "p1", sealed) == secret)
        var altered = sealed
        altered.bytes[altered.bytes.count - 1] ^= 1
        #expect(await refusal { try await open(vault.vault, "p1", altered) } == .invalidRequest)
        #expect(await refusal { try await open(vault.vault, "p1", HexBytes([])) } == .invalidRequest)
        #expect(await refusal { try await seal(vault.vault, "", secret) } == .invalidRequest)
        #expect(await refusal { try await seal(vault.vault, "p1", HexBytes([UInt8](repeating: 0, count: 256 * 1024 + 1))) } == .invalidRequest)
        #expect(await refusal { try await seal(vault.operatorVault, "p1", secret) } == .forbidden)
        try await vault.stop()
    }

    @Test func whatNobodyForgetsGoesWithItsTime() async throws {
        let vault = try await TestVault.make(limits: VaultLimits(channelRetention: 3600))
        let sealed = try await seal(vault.vault, "p1", secret)
        vault.advance(seconds: 3601)
        try await vault.restart()
        #expect(await refusal { try await open(vault.vault, "p1", sealed) } == .notFound)
        try await vault.stop()
    }

    @Test func forgettingAProcessWipesWhatItsChannelsKeep() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.importKnown(try randomKeys(16), version: 0x30, purpose: .supplementarySecurityDomain)
        let script = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(getStatus)]))
        _ = try await vault.vault.batch(VaultBatch([.forgetProcess(process: "process-1")]))
        #expect(await refusal { try await vault.vault.continueChannel(script.channelId, ContinueChannelRequest(commands: [.apdu(getStatus)])) } == .wrongState)
        try await vault.stop()
    }
}
