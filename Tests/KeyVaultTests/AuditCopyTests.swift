import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

/// The log as an auditor holds it: a copy of the store or an export, and anchors that were kept elsewhere.
@Suite struct AuditCopyTests {
    private func exported(_ vault: TestVault) throws -> [String] {
        var lines: [String] = []
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try AuditCopy.store(vault.directory).forEach { lines.append(String(decoding: try encoder.encode($0), as: UTF8.self)) }
        return lines
    }

    private func verdict(_ lines: [String], _ anchors: [AuditAnchor] = []) throws -> AuditChainVerdict {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("audit-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
        return try AuditCopy.export(path).verify(anchors: anchors)
    }

    @Test func whatWasDoneToAnExportShows() async throws {
        let vault = try await TestVault.make()
        for _ in 0..<3 { _ = try await vault.createSSD() }
        let anchor = try await vault.engine.auditAnchor(TestVault.people)
        let lines = try exported(vault)
        #expect(lines.count == 8 && anchor.sequence == 8)
        let whole = try verdict(lines, [anchor])
        #expect(whole == AuditChainVerdict(intactLines: 8, brokenAt: nil, head: anchor.hash))
        #expect(try await vault.engine.verifyAuditChain() == whole)

        func without(_ index: Int) -> [String] { lines.enumerated().filter { $0.offset != index }.map(\.element) }
        let deleted = try verdict(without(3))
        #expect(deleted.brokenAt == 4 && deleted.reason?.contains("missing") == true)
        var swapped = lines
        swapped.swapAt(4, 5)
        #expect(try verdict(swapped).brokenAt == 5)
        let repeated = try verdict(Array(lines[0...2]) + [lines[2]] + Array(lines[3...]))
        #expect(repeated.brokenAt == 4 && repeated.reason?.contains("repeated") == true)
        var altered = lines
        altered[6] = altered[6].replacing("sp-tsm-handset", with: "sp-tsm-handsex")
        #expect(try verdict(altered).brokenAt == 7)
        var garbage = lines
        garbage[2] = "{"
        #expect(try verdict(garbage).brokenAt == 3)

        // Cut off at the end, and written anew: the chain alone is in order, an anchor is not fulfilled.
        let cut = Array(lines.dropLast(2))
        #expect(try verdict(cut).brokenAt == nil)
        let truncated = try verdict(cut, [anchor])
        #expect(truncated.brokenAt == 7 && truncated.reason?.contains("cut off") == true)
        let other = try await TestVault.make()
        for _ in 0..<3 { _ = try await other.createSSD() }
        #expect(try verdict(exported(other)).brokenAt == nil)
        #expect(try verdict(exported(other), [anchor]).brokenAt == 8)
        try await other.stop()
        try await vault.stop()
    }

    @Test func anchorsAreSigned() async throws {
        let vault = try await TestVault.make()
        let anchor = try await vault.engine.auditAnchor(TestVault.people)
        let key = anchor.key.subjectPublicKeyInfo.bytes
        #expect(try anchor.isSigned() && anchor.isSigned(by: key))
        for change in [{ $0.sequence += 1 }, { $0.hash.bytes[0] ^= 1 }, { $0.at += "0" }] as [(inout AuditAnchor) -> Void] {
            var changed = anchor
            change(&changed)
            #expect(try !changed.isSigned(by: key))
        }
        let other = try ECPrivateKey.generate(on: .p256).publicKey.subjectPublicKeyInfo()
        #expect(try !anchor.isSigned(by: other))
        #expect(try await vault.engine.attestationKey(TestVault.tsm).keyId != anchor.key.keyId)
        #expect(await refusal { try await vault.engine.auditAnchor(TestVault.tsm) } == .forbidden)
        try await vault.restart()
        #expect(try await vault.engine.auditAnchor(TestVault.people).key == anchor.key)
        try await vault.stop()
    }

    @Test func aStoreThatIsNotThere() {
        #expect(throws: KeyVaultError.self) { try AuditCopy.store("/nonexistent").verify(anchors: []) }
        #expect(throws: KeyVaultError.self) { try AuditCopy.export("/nonexistent").verify(anchors: []) }
    }

    /// No caller makes a line long, and what is cut is still proven by its digest.
    @Test func linesAreBounded() async throws {
        let vault = try await TestVault.make()
        let long = String(repeating: "é\u{301}", count: 200_000)
        _ = await refusal { try await vault.vault.attestationToken(AttestationTokenRequest(processId: long, flavorId: "x", diversifiedKeySetId: long)) }
        _ = await refusal { try await vault.vault.keySet(id: long) }
        _ = await refusal {
            try await vault.vault.verifyCryptogram(VerifyCryptogramRequest(
                challengeId: "x", initializeUpdateResponse: HexBytes([]), securityDomain: .issuerSecurityDomain,
                candidates: (0..<64).map { .keySet(id: "\($0)" + long) }))
        }
        let stranger = VaultCaller(identity: "spiffe://" + long, roles: [.reader])
        _ = await refusal { try await vault.engine.as(stranger).namedKeys() }
        let lines = try await vault.engine.auditRecords(after: 5, limit: 100, TestVault.people).map(\.line)
        #expect(lines.count == 4)
        for line in lines {
            #expect([line.at, line.operation, line.caller, line.process, line.keys, line.outcome, line.detail].reduce(0) { $0 + $1.utf8.count } < 2500)
        }
        let digest = Hex.encode(try HashFunction.sha256.digest(of: Array("set:\(long)".utf8)))
        // By bytes: where the text is cut, the mark joins the character before it.
        let keys = Array(lines[1].keys.utf8)
        #expect(keys.starts(with: "set:é".utf8) && keys.suffix(200).split(separator: 0x5B).last == Array("cut: \(4 + long.utf8.count) bytes, sha256 \(digest)]".utf8)[...])
        #expect(lines[0].process.contains("sha256") && lines[2].keys.contains("cut") && lines[3].caller.contains("cut"))
        #expect(try await vault.engine.verifyAuditChain().brokenAt == nil)
        try await vault.stop()
    }

    /// Answers to batches go when their time is over, though no other batch comes.
    @Test func expiredAnswersGo() async throws {
        let vault = try await TestVault.make(limits: VaultLimits(batchRetention: 60))
        let step = VaultStep.createKeySet(request: CreateKeySetRequest(
            origin: .random, purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: 0x31, owner: "o", label: ""))
        _ = try await vault.vault.batch(VaultBatch([step], idempotencyKey: "k"))
        _ = try await vault.vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x30))
        func rows() throws -> [Int] {
            let queue = try DatabaseQueue(path: vault.directory + "/store.sqlite")
            defer { try? queue.close() }
            return try queue.read { db in try ["batch", "host_challenge"].map { try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)") ?? -1 } }
        }
        #expect(try rows() == [1, 1])
        vault.advance(seconds: 59)
        try await vault.restart()
        #expect(try rows() == [1, 1])
        vault.advance(seconds: 300)
        try await vault.restart()
        #expect(try rows() == [0, 0])
        try await vault.stop()
    }
}
