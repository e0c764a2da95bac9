import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

/// No key is in the files, in none of the forms in which it might get there.
@Suite struct SecrecyTests {
    private func files(of vault: TestVault) throws -> [(name: String, content: Data)] {
        try FileManager.default.contentsOfDirectory(atPath: vault.directory).map { ($0, try Data(contentsOf: URL(fileURLWithPath: vault.directory + "/" + $0))) }
    }

    private func finds(_ secret: [UInt8], in vault: TestVault) throws -> Bool {
        let forms = [Data(secret), Data(Hex.encode(secret).utf8), Data(Hex.encode(secret).uppercased().utf8), Data(Data(secret).base64EncodedString().utf8), Data(secret.reversed())]
        return try files(of: vault).contains { file in forms.contains { file.content.range(of: $0) != nil } }
    }

    @Test func noKeyBytesInTheStore() async throws {
        let vault = try await TestVault.make()
        let (keys, transport) = (try randomKeys(32), TestVault.transportKey)
        let master = try SystemRandom().bytes(32)
        let planted = try SystemRandom().bytes(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .supplementarySecurityDomain)
        try await vault.importNamed("master", .master, master)
        // Positive control: the same bytes in the open are found, so the search is one.
        _ = try await vault.vault.createKeySet(
            CreateKeySetRequest(
                origin: .random, purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: 0x31, owner: TestVault.owner, label: Hex.encode(planted)))
        let final = try await vault.createSSD(keyLength: 32)
        let script = try await vault.vault.openChannel(
            openRequest(set.id, commands: [.putKey(keySetId: final.id, keyVersionNumber: 0x31, replacing: 0x30), .apdu(getStatus)]))
        var card = TestCard(keys, version: 0x30)
        let answers = try card.run(script.all)
        _ = try await vault.vault.report(channel: script.channelId, predictedReport(answers))
        let finalKeys = try #require(card.keySets[0x31])
        let response = try InitializeUpdateResponse(ResponseAPDU(bytes: answers[0]))
        let session = try SCP03KeyDerivation.sessionKeys(
            keys, hostChallenge: CommandAPDU(bytes: script.all[0]).data, cardChallenge: response.cardChallenge)
        let secrets = keys.all + finalKeys.all + [session.enc, session.mac, session.rmac] + [transport, master, [UInt8](repeating: 0x5A, count: 32)].map { SecretBytes(copying: $0) }
        for running in [true, false] {
            if !running { try await vault.stop() }
            #expect(try finds(planted, in: vault))
            for secret in secrets {
                let bytes = secret.withUnsafeBytes { [UInt8]($0) }
                #expect(try !finds(bytes, in: vault))
                #expect(try !finds(Array(bytes.prefix(12)), in: vault))
            }
        }
        for file in try files(of: vault) {
            let mode = try FileManager.default.attributesOfItem(atPath: vault.directory + "/" + file.name)[.posixPermissions] as? Int
            #expect((mode ?? 0o777) & 0o077 == 0, "\(file.name) may be read by others")
        }
    }

    @Test func descriptionsAndErrorsSayNoKeys() async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(16)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .supplementarySecurityDomain)
        let text = "\(set) \(keys) \(try await vault.vault.namedKeys())"
        for key in keys.all { #expect(!text.contains(key.withUnsafeBytes { Hex.encode([UInt8]($0)) })) }
        try await vault.stop()
    }
}
