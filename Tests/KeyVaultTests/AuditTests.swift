import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct AuditTests {
    private func edit(_ vault: TestVault, _ sql: String) throws {
        let queue = try DatabaseQueue(path: vault.directory + "/store.sqlite")
        try queue.write { db in try db.execute(sql: sql) }
        try queue.close()
    }

    private func busyVault() async throws -> TestVault {
        let vault = try await TestVault.make()
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        let script = try await vault.vault.openChannel(openRequest(set.id, commands: [.apdu(getStatus)]))
        var card = TestCard(keys, version: 0x30)
        _ = try await vault.vault.report(channel: script.channelId, predictedReport(try card.run(script.all)))
        try await vault.vault.closeChannel(script.channelId)
        return vault
    }

    @Test func everyOperationLeavesALine() async throws {
        let vault = try await busyVault()
        let verdict = try await vault.engine.verifyAuditChain()
        #expect(verdict.brokenAt == nil)
        let records = try await vault.engine.auditRecords(after: 0, limit: 1000, TestVault.people)
        #expect(records.count == verdict.intactLines && records.last?.hash == verdict.head)
        #expect(records.map(\.line.operation) == ["maintenance", "maintenance", "maintenance", "maintenance", "maintenance", "importNamedKey", "importKeySet", "openChannel", "reportChannel", "closeChannel"])
        #expect(records.suffix(3).allSatisfy { $0.line.process == "process-1" && $0.line.keys.hasPrefix("set:") && $0.line.outcome == "ok" })
        #expect(records.suffix(5).map(\.line.caller) == [TestVault.people.identity] + [String](repeating: TestVault.tsm.identity, count: 4))
        #expect(try await vault.engine.auditRecords(after: 8, limit: 1, TestVault.people).map(\.sequence) == [9])
        #expect(await refusal { try await vault.engine.auditRecords(after: 0, limit: 1, TestVault.tsm) } == .forbidden)
        try await vault.stop()
    }

    @Test func theLogIsAppendOnly() async throws {
        let vault = try await busyVault()
        try await vault.stop()
        #expect(throws: DatabaseError.self) { try edit(vault, "UPDATE audit SET caller = 'nobody' WHERE sequence = 3") }
        #expect(throws: DatabaseError.self) { try edit(vault, "DELETE FROM audit WHERE sequence = 3") }
        try await vault.start()
        #expect(try await vault.engine.verifyAuditChain().brokenAt == nil)
        try await vault.stop()
    }

    /// By somebody who may write the file and takes the triggers away first.
    @Test(arguments: [
        ("UPDATE audit SET caller = 'nobody' WHERE sequence = 6", 6), ("UPDATE audit SET outcome = 'okay' WHERE sequence = 1", 1),
        ("UPDATE audit SET detail = detail || ' ' WHERE sequence = 7", 7), ("DELETE FROM audit WHERE sequence = 5", 5), ("DELETE FROM audit WHERE sequence = 1", 1),
        ("UPDATE audit SET keys = process, process = keys WHERE sequence = 9", 9), ("UPDATE audit SET hash = zeroblob(32) WHERE sequence = 4", 4),
        ("UPDATE audit SET sequence = 1000 WHERE sequence = 10", 10),
        ("INSERT INTO audit SELECT 11, at, operation, caller, process, keys, outcome, detail, previous, hash FROM audit WHERE sequence = 10", 11),
    ] as [(String, Int64)]) func tamperingShows(sql: String, line: Int64) async throws {
        let vault = try await busyVault()
        try await vault.stop()
        try edit(vault, "DROP TRIGGER audit_never_updated; DROP TRIGGER audit_never_deleted; " + sql)
        try await vault.start()
        let verdict = try await vault.engine.verifyAuditChain()
        #expect(verdict.brokenAt == line && verdict.intactLines == Int(line) - 1 && verdict.reason != nil)
        // The auditor's own walk, over the running vault's store, finds the same.
        #expect(try AuditCopy.store(vault.directory).verify(anchors: []) == verdict)
        try await vault.stop()
    }

    @Test func withoutAuditLogNothingIsDone() async throws {
        let vault = try await busyVault()
        let set = try await vault.createSSD()
        try await vault.engine.checkHealth()
        #expect(try vault.engine.failure == nil)
        try edit(vault, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no space'); END")
        #expect(await refusal { try await vault.createSSD() } == .auditUnavailable)
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, version: 0x31)) } == .auditUnavailable)
        #expect(await refusal { try await vault.vault.changeState(ofKeySet: set.id, ChangeKeySetStateRequest(state: .live)) } == .auditUnavailable)
        #expect(await refusal { try await vault.vault.openChannel(openRequest("none")) } == .auditUnavailable)
        #expect(try vault.engine.failure != nil)
        #expect(await refusal { try await vault.engine.checkHealth() } == .auditUnavailable)
        // Nothing of it was done.
        #expect(try await vault.vault.keySet(id: set.id).state == .pending)
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 0)
        try edit(vault, "DROP TRIGGER full")
        try await vault.engine.checkHealth()
        #expect(try vault.engine.failure == nil)
        #expect(await refusal { try await vault.createSSD() } == nil)
        try await vault.stop()
    }

    @Test func aClosedStoreIsAnError() async throws {
        let vault = try await busyVault()
        let (engine, session) = (try vault.engine, try vault.vault)
        try await vault.stop()
        #expect(await refusal { try await session.createKeySet(CreateKeySetRequest(origin: .random, purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: 0x31, owner: "o", label: "")) } == .auditUnavailable)
        // Its keys are gone, too.
        #expect(await refusal { try await engine.checkHealth() } == .sealed)
        #expect(engine.failure != nil)
    }
}
