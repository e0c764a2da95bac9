import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

/// Copies of a store: taken while the vault works, put back while it does not.
@Suite struct BackupTests {
    private func path(_ name: String) -> String { FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID().uuidString)").path }

    @Test func aCopyOfARunningVault() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.createSSD()
        let file = path("backup")
        defer { try? FileManager.default.removeItem(atPath: file) }
        // Beside writes that go on.
        async let more: Void = { for _ in 0..<20 { _ = try await vault.createSSD() } }()
        let summary = try StoreBackup.take(fromStore: vault.directory, to: file)
        try await more
        #expect((1...21).contains(summary.keySets) && summary.auditLines >= 6)
        #expect(try StoreBackup.check(file) == summary)
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        #expect(throws: KeyVaultError.self) { try StoreBackup.take(fromStore: vault.directory, to: file) }
        #expect(throws: KeyVaultError.self) { try StoreBackup.take(fromStore: "/nonexistent", to: path("x")) }
        // Not while a vault has the store open.
        #expect(throws: KeyVaultError.self) { try StoreBackup.restore(from: file, toStore: vault.directory, at: "2026-01-01T00:00:00.000Z") }
        try await vault.stop()
        // Elsewhere, with the root key: the same vault.
        let other = path("restored")
        defer { try? FileManager.default.removeItem(atPath: other) }
        #expect(try StoreBackup.restore(from: file, toStore: other, at: "2026-01-01T00:00:00.000Z").loss == nil)
        let engine = try await VaultEngine.open(directory: other, rootKey: vault.rootKey, settings: vault.settings)
        #expect(try await engine.as(TestVault.tsm).keySet(id: set.id) == set)
        try await engine.close()
    }

    /// After an older copy the vault does not know what came later, and says so in a way that a TSM can act upon: `notFound` for the key set, in every
    /// operation, while older sets work and the log tells of the restoration.
    @Test func afterAnOlderCopyNewerKeySetsAreUnknown() async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(16)
        let known = try await vault.importKnown(keys, version: 0x30, purpose: .supplementarySecurityDomain)
        let file = path("backup")
        defer { try? FileManager.default.removeItem(atPath: file) }
        let summary = try StoreBackup.take(fromStore: vault.directory, to: file)
        let newer = try await vault.createSSD()
        try await vault.importNamed("late", .transport, Array(0...31))
        let script = try await vault.vault.openChannel(openRequest(newer.id, version: 0x31, commands: [.apdu(getStatus)]))
        try await vault.stop()
        let restored = try StoreBackup.restore(from: file, toStore: vault.directory, at: "2026-01-01T00:00:00.000Z")
        #expect(restored.summary == summary)
        #expect(restored.loss == StoreBackup.Loss(auditLines: 3, keySets: [newer.id], namedKeys: ["late"]))
        #expect(FileManager.default.fileExists(atPath: vault.directory + "/store.sqlite.replaced-20260101000000000"))
        try await vault.start()
        #expect(await refusal { try await vault.vault.keySet(id: newer.id) } == .notFound)
        #expect(await refusal { try await vault.vault.openChannel(openRequest(newer.id, version: 0x31)) } == .notFound)
        #expect(await refusal { try await vault.vault.changeState(ofKeySet: newer.id, ChangeKeySetStateRequest(state: .live)) } == .notFound)
        #expect(await refusal { try await vault.vault.report(channel: script.channelId, laterReport([])) } == .notFound)
        let challenge = try await vault.vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x30))
        var card = TestCard(keys, version: 0x30)
        let response = HexBytes(try card.transmit(challenge.initializeUpdate.bytes))
        #expect(await refusal {
            try await vault.vault.verifyCryptogram(VerifyCryptogramRequest(
                challengeId: challenge.challengeId, initializeUpdateResponse: response, securityDomain: .issuerSecurityDomain, candidates: [.keySet(id: newer.id)]))
        } == .notFound)
        // What is older works.
        let opened = try await vault.vault.openChannel(openRequest(known.id, mode: predicted(2), commands: [.apdu(getStatus)]))
        #expect(try await vault.vault.report(channel: opened.channelId, predictedReport(try card.run(opened.all))).outcome == .complete)
        let lines = try await vault.engine.auditRecords(after: Int64(summary.auditLines), limit: 100, TestVault.people).map(\.line)
        #expect(lines.first?.operation == "maintenance" && lines.first?.detail.contains("restored") == true)
        try await vault.restart()
        #expect(try await vault.engine.auditRecords(after: 0, limit: 1000, TestVault.people).filter { $0.line.detail.contains("restored") }.count == 1)
        #expect(try await vault.engine.verifyAuditChain().brokenAt == nil)
        try await vault.stop()
    }

    @Test func aDamagedCopyIsRefused() async throws {
        let vault = try await TestVault.make()
        _ = try await vault.createSSD()
        let file = path("backup")
        defer { try? FileManager.default.removeItem(atPath: file) }
        _ = try StoreBackup.take(fromStore: vault.directory, to: file)
        try await vault.stop()
        var content = try Data(contentsOf: URL(fileURLWithPath: file))
        let place = try #require(content.range(of: Data("made signing key".utf8)))
        content[place.lowerBound] ^= 1
        try content.write(to: URL(fileURLWithPath: file))
        #expect(throws: KeyVaultError.self) { try StoreBackup.check(file) }
        #expect(throws: KeyVaultError.self) { try StoreBackup.restore(from: file, toStore: vault.directory, at: "2026-01-01T00:00:00.000Z") }
        try Data("no database".utf8).write(to: URL(fileURLWithPath: file))
        #expect(throws: (any Error).self) { try StoreBackup.check(file) }
        try await vault.start()
        #expect(try await vault.engine.verifyAuditChain().brokenAt == nil)
        try await vault.stop()
    }
}
