import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI
@testable import KeyVaultService
import ServiceKit
import Testing

@Suite struct RootKeyShareTests {
    @Test func shareAndText() throws {
        let key = try SecretBytes.random(count: 32, using: SystemRandom.forKeys)
        let shares = try RootKeyShare.split(key, threshold: 3, count: 5, using: SystemRandom.forKeys)
        let texts = try shares.map { try $0.text() }
        #expect(Set(texts).count == 5 && texts.allSatisfy { $0.hasPrefix("tsms-share-1:") })
        let read = try texts.map { try RootKeyShare(text: $0.replacing("-", with: " ").replacing("tsms share 1", with: "tsms-share-1") + "\n") }
        #expect(read == shares && read.map(\.number) == [1, 2, 3, 4, 5])
        #expect(try RootKeyShare.combine([read[4], read[0], read[2]]) == key)
        #expect(try RootKeyShare.combine(read) == key)
        // What is printed of a share by accident is not the share.
        #expect("\(shares[0])" == "share 1 of 5 (set \(Hex.encode(shares[0].set)))")
    }

    @Test func mistypedShares() throws {
        let share = try RootKeyShare.split(SecretBytes.random(count: 32, using: SystemRandom.forKeys), threshold: 2, count: 3, using: SystemRandom.forKeys)[0]
        let text = try share.text()
        for place in text.indices where text[place].isHexDigit && place > text.index(text.startIndex, offsetBy: 12) {
            var changed = text
            changed.replaceSubrange(place...place, with: text[place] == "0" ? "1" : "0")
            #expect(throws: KeyVaultError.self) { try RootKeyShare(text: changed) }
        }
        for wrong in ["", "tsms-share-1:", String(text.dropLast(8)), text + "00", text.replacing("tsms", with: "tmss"), String(repeating: "a", count: 100_000)] {
            #expect(throws: KeyVaultError.self) { try RootKeyShare(text: wrong) }
        }
    }

    @Test func sharesThatDoNotFit() throws {
        func sets() throws -> [RootKeyShare] {
            try RootKeyShare.split(SecretBytes.random(count: 32, using: SystemRandom.forKeys), threshold: 3, count: 5, using: SystemRandom.forKeys)
        }
        let (one, two) = (try sets(), try sets())
        #expect(throws: KeyVaultError.self) { try RootKeyShare.combine([one[0], one[1], two[2]]) }
        #expect(throws: KeyVaultError.self) { try RootKeyShare.combine([one[0], one[1]]) }
        #expect(throws: KeyVaultError.self) { try RootKeyShare.combine([one[0], one[1], one[1]]) }
        #expect(throws: KeyVaultError.self) { try RootKeyShare.combine([]) }
        // A share with the right name and checksum, and another content: only the code over the key shows it.
        var bytes = try Hex.decode(try one[2].text().dropFirst(13).replacing("-", with: ""))
        bytes[20] ^= 0x40
        bytes.replaceSubrange((bytes.count - 4)..., with: try HashFunction.sha256.digest(of: Array(bytes.dropLast(4))).prefix(4))
        let forged = try RootKeyShare(text: "tsms-share-1:" + Hex.encode(bytes))
        let failure = #expect(throws: KeyVaultError.self) { try RootKeyShare.combine([one[0], one[1], forged]) }
        #expect(failure?.reason.contains("at least one") == true)
        for (threshold, count) in [(1, 3), (4, 3), (2, 33)] {
            #expect(throws: CryptographyError.self) { try RootKeyShare.split(SecretBytes(copying: [UInt8](repeating: 1, count: 32)), threshold: threshold, count: count, using: SystemRandom()) }
        }
        #expect(throws: CryptographyError.self) { try RootKeyShare.split(SecretBytes(copying: [1]), threshold: 2, count: 3, using: SystemRandom()) }
    }
}

@Suite struct SealTests {
    private func ceremony() throws -> [String] {
        try RootKeyShare.split(SecretBytes.random(count: 32, using: SystemRandom.forKeys), threshold: 3, count: 5, using: SystemRandom.forKeys).map { try $0.text() }
    }

    private func give(_ vault: TestVault, _ share: String, _ purpose: GiveShareRequest.Purpose = .unseal) async throws -> SealStatus {
        try await vault.engine.giveShare(GiveShareRequest(purpose: purpose, share: share), TestVault.custodian)
    }

    @Test func custodiansOpenTheVault() async throws {
        let shares = try ceremony()
        let vault = try await TestVault.make(.shares(threshold: 3, count: 5))
        #expect(try vault.engine.failure?.contains("0 of 3") == true)
        #expect(await refusal { try await vault.createSSD() } == .sealed)
        #expect(try await give(vault, shares[4]).given == 1)
        #expect(try await give(vault, shares[4]).given == 1)
        let status = try await give(vault, shares[1])
        #expect(status.sealed && status.given == 2 && status.threshold == 3 && status.generation == nil)
        #expect(try await give(vault, shares[0]).sealed == false)
        let set = try await vault.createSSD()
        // Opened by others the next time.
        try await vault.restart()
        #expect(await refusal { try await vault.vault.keySet(id: set.id) } == .sealed)
        for share in shares[1...3] { _ = try await give(vault, share) }
        #expect(try await vault.vault.keySet(id: set.id) == set)
        #expect(await refusal { try await give(vault, shares[0]) } == .wrongState)
        let lines = try await vault.engine.auditRecords(after: 0, limit: 100, TestVault.people).map(\.line)
        #expect(lines.filter { $0.operation == "giveShare" }.map(\.outcome) == ["ok", "ok", "ok", "ok", "ok", "ok", "ok", "wrongState"])
        // What was given is in no line.
        // (Behind the set's second half: threshold, count, number and the secret.)
        let parts = shares.flatMap { $0.split(separator: "-").map(String.init).filter { $0.count == 8 }.dropFirst() }
        #expect(parts.count > 50 && !lines.contains { line in parts.contains { line.detail.contains($0) } })
        try await vault.stop()
    }

    @Test func wrongAndMixedSharesOpenNothing() async throws {
        let (shares, others) = (try ceremony(), try ceremony())
        let vault = try await TestVault.make(.shares(threshold: 3, count: 5))
        _ = try await give(vault, shares[0])
        #expect(await refusal { try await give(vault, others[1]) } == .invalidRequest)
        #expect(await refusal { try await give(vault, "tsms-share-1:zz") } == .invalidRequest)
        let few = try RootKeyShare.split(SecretBytes.random(count: 32, using: SystemRandom.forKeys), threshold: 2, count: 5, using: SystemRandom.forKeys)[0]
        #expect(await refusal { try await give(vault, try few.text()) } == .invalidRequest)
        // One that is forged: all are discarded, the right ones open it afterwards.
        var bytes = try Hex.decode(shares[1].dropFirst(13).replacing("-", with: ""))
        bytes[30] ^= 1
        bytes.replaceSubrange((bytes.count - 4)..., with: try HashFunction.sha256.digest(of: Array(bytes.dropLast(4))).prefix(4))
        _ = try await give(vault, "tsms-share-1:" + Hex.encode(bytes))
        #expect(await refusal { try await give(vault, shares[1]) } == .invalidRequest)
        #expect(await refusal { try await give(vault, shares[2]) } == .invalidRequest)
        #expect(try await vault.engine.sealStatus(TestVault.custodian).given == 0)
        for share in shares[2...4] { _ = try await give(vault, share) }
        #expect(try !vault.engine.isSealed)
        // Another ceremony's key is not this store's.
        try await vault.restart()
        for share in others[0...1] { _ = try await give(vault, share) }
        #expect(await refusal { try await give(vault, others[2]) } == .sealed)
        #expect(try vault.engine.isSealed)
        try await vault.stop()
    }

    @Test func sharesDoNotWaitForEver() async throws {
        let shares = try ceremony()
        let vault = try await TestVault.make(.shares(threshold: 3, count: 5))
        _ = try await give(vault, shares[0])
        _ = try await give(vault, shares[1])
        vault.advance(seconds: 901)
        #expect(try await vault.engine.sealStatus(TestVault.people).given == 0)
        #expect(try await give(vault, shares[2]).given == 1)
        try await vault.stop()
    }

    @Test func peopleSealIt() async throws {
        let shares = try ceremony()
        let vault = try await TestVault.make(.shares(threshold: 3, count: 5))
        for share in shares[0...2] { _ = try await give(vault, share) }
        let set = try await vault.createSSD()
        #expect(await refusal { try await vault.engine.seal(TestVault.tsm) } == .forbidden)
        #expect(await refusal { try await vault.engine.giveShare(GiveShareRequest(purpose: .unseal, share: ""), TestVault.people) } == .forbidden)
        // Also to begin anew with the shares.
        let others = try ceremony()
        _ = try await give(vault, others[0], .rotation)
        try await vault.engine.seal(TestVault.people)
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, version: 0x31)) } == .sealed)
        try await vault.engine.watchToken()
        #expect(try vault.engine.isSealed)
        _ = try await give(vault, others[0])
        #expect(await refusal { try await give(vault, shares[2]) } == .invalidRequest)
        try await vault.engine.seal(TestVault.people)
        for share in shares[2...4] { _ = try await give(vault, share) }
        #expect(try await vault.vault.keySet(id: set.id) == set)
        #expect(try await vault.engine.sealStatus(TestVault.people).given == 0)
        try await vault.stop()
    }

    /// New custodians, or the same with new shares: the old shares open nothing afterwards.
    @Test func theSharesOfANewCeremonyReplaceTheOld() async throws {
        let (old, new) = (try ceremony(), try ceremony())
        let vault = try await TestVault.make(.shares(threshold: 3, count: 5))
        for share in old[0...2] { _ = try await give(vault, share) }
        let set = try await vault.createSSD()
        #expect(await refusal { try await vault.engine.rotateRootKey(TestVault.people) } == .usageNotAllowed)
        for share in new[0...1] { _ = try await give(vault, share, .rotation) }
        #expect(await refusal { try await give(vault, old[3], .rotation) } == .invalidRequest)
        #expect(try await give(vault, new[4], .rotation).generation == 2)
        try await vault.engine.rotationEnd()
        try await vault.restart()
        for share in old[0...1] { _ = try await give(vault, share) }
        #expect(await refusal { try await give(vault, old[2]) } == .sealed)
        for share in new[1...3] { _ = try await give(vault, share) }
        #expect(try await vault.vault.keySet(id: set.id) == set)
        #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, version: 0x31)) } == nil)
        try await vault.stop()
    }

    @Test func vaultsWithoutSharesTakeNone() async throws {
        let vault = try await TestVault.make()
        #expect(await refusal { try await give(vault, try ceremony()[0]) } == .usageNotAllowed)
        #expect(await refusal { try await vault.engine.rotateRootKey(TestVault.people) } == .usageNotAllowed)
        let status = try await vault.engine.sealStatus(TestVault.people)
        #expect(status == SealStatus(sealed: false, reason: nil, rootKey: .memory, threshold: nil, given: nil, generation: 1, remaining: nil))
        try await vault.stop()
    }

    @Test func overTheWire() async throws {
        let shares = try ceremony()
        try await VaultDomain.withVault(initialised: false, rootKey: "rootKeyShares: {threshold: 3, count: 5}") { running in
            let custodian = try running.client("custodian")
            let health = try running.client("operator", listener: "health", base: "")
            do throws(RemoteError) {
                try await health.send(.get, "/health/ready")
                Issue.record("a sealed vault says that it is ready")
            } catch {
                #expect(error.status == 503)
            }
            for (number, share) in shares.prefix(3).enumerated() {
                let status = try await custodian.call(.post, KeyVaultPaths.shares, body: GiveShareRequest(purpose: .unseal, share: share), as: SealStatus.self)
                #expect(status.sealed == (number < 2))
            }
            #expect(try await custodian.call(.get, KeyVaultPaths.seal, as: SealStatus.self).rootKey == .shares)
            #expect(try await running.vault("operator").namedKeys().isEmpty)
            try await health.send(.get, "/health/ready")
            #expect(await refusal { try await running.vault("custodian").namedKeys() } == .forbidden)
            try await running.client("operator").send(.post, KeyVaultPaths.seal)
            #expect(await refusal { try await running.vault("operator").namedKeys() } == .sealed)
        }
    }

    @Test func configurations() throws {
        let domain = try VaultDomain()
        func problem(_ lines: String) -> String? {
            do {
                try domain.configuration(rootKey: lines).validate()
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(problem("rootKeyShares: {threshold: 3, count: 5}") == nil)
        #expect(problem("backend: software\nrootKeyFile: \(domain.rootKeyFile)") == nil)
        for wrong in ["", "rootKeyShares: {threshold: 1, count: 5}", "rootKeyShares: {threshold: 6, count: 5}", "rootKeyShares: {threshold: 2, count: 33}",
                      "rootKeyShares: {threshold: 2, count: 3, of: 4}", "rootKeyShares: {threshold: 2, count: 3}\nrootKeyFile: x", "backend: hardware\nrootKeyFile: x",
                      "backend: {pkcs11: {module: m, tokenLabel: t}}", "backend: {pkcs11: {module: m, tokenLabel: t, pinFile: /nonexistent}}",
                      "backend: {pkcs11: {module: m, tokenLabel: t, pinFile: p, pin: '1234'}}", "backend: {pkcs11: {module: m, tokenLabel: t, pinFile: p}}\nrootKeyFile: x",
                      "backend: {pkcs11: {module: m, tokenLabel: t, pinFile: p, sessions: 0}}"] {
            #expect(problem(wrong) != nil, "\(wrong)")
        }
        try SoftHSM.writePIN("1234", to: domain.directory + "/pin")
        #expect(problem("backend: {pkcs11: {module: m, tokenLabel: t, pinFile: \(domain.directory)/pin, rootKeyLabel: r, sessions: 8}}") == nil)
        let configuration = try domain.configuration(rootKey: "backend: {pkcs11: {module: m, tokenLabel: t, pinFile: p, rootKeyLabel: r, sessions: 8}}")
        #expect(configuration.rootKey == .token(TokenConfiguration(module: "m", tokenLabel: "t", pinFile: "p", rootKeyLabel: "r", sessions: 8)))
    }
}
