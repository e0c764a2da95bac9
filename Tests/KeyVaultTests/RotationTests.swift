import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI
@testable import KeyVaultService
import ServiceKit
import Testing

/// A new root key while the vault works, and what is left when it ends anywhere in between.
@Suite struct RotationTests {
    private func fileVault() async throws -> (TestVault, String) {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("root-\(UUID().uuidString).key").path
        try RootKeyFile.create(path)
        return (try await TestVault.make(.file(path)), path)
    }

    private func clean(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
        try? FileManager.default.removeItem(atPath: path + ".next")
    }

    /// One of everything that is sealed.
    private func fill(_ vault: TestVault) async throws -> (sets: [KeySetDescription], check: @Sendable () async throws -> Void) {
        try await vault.importNamed("t", .transport, Array(0...31))
        var sets: [KeySetDescription] = []
        for _ in 0..<150 { sets.append(try await vault.createSSD()) }
        let keys = try randomKeys(16)
        let known = try await vault.importKnown(keys, version: 0x30, purpose: .issuerSecurityDomain)
        let script = try await vault.vault.openChannel(openRequest(known.id, commands: [.apdu(getStatus)]))
        var card = TestCard(keys, version: 0x30)
        let report = predictedReport(try card.run(script.all))
        let batch = VaultBatch([.sealProcessData(process: "p", data: HexBytes([1, 2, 3]))], idempotencyKey: "k")
        let sealed = try #require(try await vault.vault.batch(batch).steps[0].data)
        let expected = sets
        return (sets, { @Sendable in
            #expect(try await vault.vault.report(channel: script.channelId, report).outcome == .complete)
            #expect(try await vault.vault.batch(batch).steps[0].data == sealed)
            #expect(try await vault.vault.batch(VaultBatch([.openProcessData(process: "p", sealed: sealed)])).steps[0].data == HexBytes([1, 2, 3]))
            let tokenRequest = AttestationTokenRequest(processId: UUID().uuidString, flavorId: UUID().uuidString, diversifiedKeySetId: nil)
            _ = try await vault.vault.attestationToken(tokenRequest)
            for set in expected.shuffled().prefix(20) {
                _ = try await vault.vault.openChannel(openRequest(set.id, version: 0x31, mode: .challenge))
            }
        })
    }

    private func generations(_ vault: TestVault) throws -> [Int64] {
        let queue = try DatabaseQueue(path: vault.directory + "/store.sqlite")
        defer { try? queue.close() }
        return try queue.read { try Int64.fetchAll($0, sql: "SELECT generation FROM data_key ORDER BY generation") }
    }

    @Test func everythingIsSealedAnewWhileTheVaultWorks() async throws {
        let (vault, path) = try await fileVault()
        defer { clean(path) }
        let (_, check) = try await fill(vault)
        let oldRoot = try Data(contentsOf: URL(fileURLWithPath: path))
        let status = try await vault.engine.rotateRootKey(TestVault.people)
        #expect(status.generation == 2)
        // Work goes on meanwhile, and a second change waits.
        async let more = vault.createSSD()
        let second = await refusal { try await vault.engine.rotateRootKey(TestVault.people) }
        #expect(second == .wrongState || second == nil)
        try await vault.engine.rotationEnd()
        _ = try await more
        try await check()
        #expect(try await vault.engine.sealStatus(TestVault.people).remaining == nil)
        #expect(try generations(vault).count == 1)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) != oldRoot)
        #expect(!FileManager.default.fileExists(atPath: path + ".next"))
        try await vault.restart()
        try await check()
        // The old root key opens nothing any more.
        try await vault.stop()
        let old = try SoftwareRootKey(SecretBytes(copying: oldRoot))
        #expect(await refusal { try await VaultEngine.open(directory: vault.directory, rootKey: old, settings: vault.settings) } == .sealed)
        try await vault.start()
        #expect(try await vault.engine.verifyAuditChain().brokenAt == nil)
        try await vault.stop()
    }

    /// The process ends after any step of the background work: the next start goes on from there. A step is one transaction, so nothing lies between.
    @Test(arguments: [0, 1, 2, 3, 5, 8]) func endingAfterAnyStep(steps: Int) async throws {
        let (vault, path) = try await fileVault()
        defer { clean(path) }
        let (_, check) = try await fill(vault)
        // The first transaction as it is, and of the background work only so many steps.
        let (old, next) = (try vault.engine.state.sealer(), try RootKeyFile.stage(path, using: SystemRandom.forKeys))
        let fresh = try VaultEngine.freshDataKey(SystemRandom.forKeys)
        let wrapped = try [old.generation: next.wrap(#require(old.keys[old.generation])), old.generation + 1: next.wrap(fresh)]
        let both = try Sealer(keys: old.keys.merging([old.generation + 1: fresh]) { $1 }, random: SystemRandom())
        try await vault.engine.store.write { db in
            for (generation, bytes) in wrapped { try VaultEngine.note(generation, bytes, at: 0, db) }
        }
        var cursor = RowRewrapping.Cursor()
        for _ in 0..<steps {
            let from = cursor
            cursor = try await vault.engine.store.write { db in try RowRewrapping.step(from: from, limit: 40, both, db) }
        }
        // The new file was not put in its place yet.
        try await vault.restart()
        #expect(!FileManager.default.fileExists(atPath: path + ".next"))
        try await vault.engine.rotationEnd()
        #expect(try generations(vault) == [2])
        try await check()
        try await vault.restart()
        try await check()
        try await vault.stop()
    }

    /// A new root key that the store never went over to is dropped at the next start.
    @Test func endingBeforeTheFirstTransaction() async throws {
        let (vault, path) = try await fileVault()
        defer { clean(path) }
        let set = try await vault.createSSD()
        _ = try RootKeyFile.stage(path, using: SystemRandom.forKeys)
        #expect(await refusal { try await vault.engine.rotateRootKey(TestVault.people) } == .wrongState)
        try await vault.restart()
        #expect(!FileManager.default.fileExists(atPath: path + ".next"))
        #expect(try await vault.vault.keySet(id: set.id) == set)
        #expect(try await vault.engine.rotateRootKey(TestVault.people).generation == 2)
        try await vault.engine.rotationEnd()
        try await vault.restart()
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, version: 0x31)) } == nil)
        try await vault.stop()
    }

    /// A row that does not open is named, nothing is lost, and the old data key stays.
    @Test func aDamagedRowStopsIt() async throws {
        let (vault, path) = try await fileVault()
        defer { clean(path) }
        let (good, bad) = (try await vault.createSSD(), try await vault.createSSD())
        let queue = try DatabaseQueue(path: vault.directory + "/store.sqlite")
        let content = try await queue.read { try Data.fetchOne($0, sql: "SELECT sealed FROM key_set WHERE id = ?", arguments: [bad.id]) }
        try await queue.write { try $0.execute(sql: "UPDATE key_set SET sealed = CAST(x'00000001' || zeroblob(60) AS BLOB) WHERE id = ?", arguments: [bad.id]) }
        _ = try await vault.engine.rotateRootKey(TestVault.people)
        try await vault.engine.rotationEnd()
        let status = try await vault.engine.sealStatus(TestVault.people)
        #expect(status.rotationFailure?.contains(bad.id) == true && (status.remaining ?? 0) > 0)
        #expect(try generations(vault) == [1, 2])
        #expect(await refusal { try await vault.vault.openChannel(openRequest(good.id, version: 0x31)) } == nil)
        try await queue.write { try $0.execute(sql: "UPDATE key_set SET sealed = ? WHERE id = ?", arguments: [content, bad.id]) }
        try queue.close()
        try await vault.restart()
        try await vault.engine.rotationEnd()
        #expect(try generations(vault) == [2])
        #expect(await refusal { try await vault.vault.openChannel(openRequest(bad.id, version: 0x31)) } == nil)
        try await vault.stop()
    }

    /// A store of before there were data keys: what was sealed under the root key itself opens, and is wrapped from the next start on.
    @Test func storesOfTheFirstVersion() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.createSSD()
        let sealer = try vault.engine.state.sealer()
        let legacy = try Sealer(keys: [0: vault.rootKey.derivedKey(for: "sealing 1")], random: SystemRandom())
        // Takes the store back to what the first version wrote.
        try await vault.engine.store.write { db in
            for table in RowRewrapping.tables {
                for row in try Row.fetchAll(db, sql: "SELECT rowid AS place, * FROM \(table.name) WHERE sealed IS NOT NULL") {
                    let name = table.row(row)
                    let plain = try sealer.open(row.bytes("sealed"), row: name, table.purpose)
                    try db.execute(
                        sql: "UPDATE \(table.name) SET sealed = ? WHERE rowid = ?",
                        arguments: [Data(try legacy.seal(plain, row: name, table.purpose).dropFirst(4)), row["place"] as Int64])
                }
            }
            let check = try legacy.seal(Array("this is the root key".utf8), row: "root-key-check", .rootKeyCheck).dropFirst(4)
            try db.execute(sql: "INSERT INTO vault (name, value) VALUES ('root-key-check', ?)", arguments: [Data(check)])
            try db.execute(sql: "DROP TABLE data_key; DELETE FROM vault WHERE name = 'backend'; DELETE FROM grdb_migrations WHERE identifier = 'data keys'")
        }
        try await vault.stop()
        let other = try SoftwareRootKey(SecretBytes(copying: [UInt8](repeating: 1, count: 32)))
        #expect(await refusal { try await VaultEngine.open(directory: vault.directory, rootKey: other, settings: vault.settings) } == .sealed)
        for _ in 0..<2 {
            try await vault.start()
            #expect(try await vault.vault.keySet(id: set.id).keyCheckValues == set.keyCheckValues)
            #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, version: 0x31)) } == nil)
            #expect(try await vault.engine.verifyAuditChain().brokenAt == nil)
            try await vault.stop()
        }
        #expect(try generations(vault) == [0])
    }
}
