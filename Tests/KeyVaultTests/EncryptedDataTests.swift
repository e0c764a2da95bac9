import Cryptography
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

/// STORE DATA with parts under the data encryption key.
@Suite struct EncryptedDataTests {
    private func install(_ aid: [UInt8]) throws -> ChannelCommand { .apdu(HexBytes(try InstallCommand.personalization(try AID(aid)).apdu().bytes)) }

    private func store(_ data: [UInt8], p1: UInt8 = 0x80, block: UInt8 = 0) -> HexBytes {
        HexBytes(CommandAPDU(cla: 0x80, ins: 0xE2, p1: p1, p2: block, data: data).bytes)
    }

    private let application: [UInt8] = [0xF0, 0x54, 0x53, 0x4D, 0x53, 1]

    @Test(arguments: [16, 24, 32]) func theCardGetsTheCiphertextInPlace(keyLength: Int) async throws {
        let vault = try await TestVault.make()
        let keys = try randomKeys(keyLength)
        let set = try await vault.importKnown(keys, version: 0x30, purpose: .supplementarySecurityDomain)
        let plain = (0..<50).map { UInt8($0) }
        let script = try await vault.vault.openChannel(openRequest(set.id, commands: [
            try install(application), .storeEncrypted(apdu: store(plain, p1: 0x00), parts: [DataPart(offset: 1, count: 16), DataPart(offset: 17, count: 32)]),
            .storeEncrypted(apdu: store(plain, block: 1), parts: []),
        ]))
        var card = TestCard(keys, version: 0x30)
        let report = try await vault.vault.report(channel: script.channelId, predictedReport(try card.run(script.all)))
        #expect(report.outcome == .complete)
        let encrypted = try [Array(plain[1..<17]), Array(plain[17..<49])].map { try keys.encryptKeyData(SecretBytes(copying: $0)) }
        #expect(card.received.map(\.data).dropFirst() == [[0] + encrypted[0] + encrypted[1] + [49], plain])
        #expect(try keys.decryptKeyData(encrypted[1], length: 32).withUnsafeBytes { [UInt8]($0) } == Array(plain[17..<49]))
        try await vault.stop()
    }

    /// Else a TSM could put keys that it knows into a domain: what is encrypted goes to applications.
    @Test func onlyToApplications() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.importKnown(try randomKeys(16), version: 0x30, purpose: .supplementarySecurityDomain)
        let request = openRequest(set.id)
        let block = [UInt8](repeating: 7, count: 16)
        let directive = ChannelCommand.storeEncrypted(apdu: store(block), parts: [DataPart(offset: 0, count: 16)])
        let wrong: [[ChannelCommand]] = [
            [directive], [try install(request.securityDomain.bytes), directive], [try install(application), directive, directive],
            [try install(application), .apdu(store(block)), directive], [try install(application), .apdu(getStatus), directive],
            [.apdu(HexBytes([0x80, 0xE6, 0x20, 0x00, 0x03, 0, 0, 9])), directive],
            [try install(application), .storeEncrypted(apdu: HexBytes([0x80, 0xD8, 0, 0x81, 0x10] + block), parts: [DataPart(offset: 0, count: 16)])],
            [try install(application), .storeEncrypted(apdu: getStatus, parts: [])],
        ]
        for commands in wrong { #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, commands: commands)) } == .invalidRequest) }
        for parts in [[(1, 16)], [(0, 15)], [(0, 0)], [(-16, 16)], [(0, 16), (0, 16)], [(Int.max, 16)], [(0, Int.max - 15)], [(16, 16)]] {
            let directive = ChannelCommand.storeEncrypted(apdu: store(block), parts: parts.map { DataPart(offset: $0.0, count: $0.1) })
            let commands = [try install(application), directive]
            #expect(await refusal { try await vault.vault.openChannel(openRequest(set.id, commands: commands)) } == .invalidRequest, "\(parts)")
        }
        try await vault.stop()
    }
}
