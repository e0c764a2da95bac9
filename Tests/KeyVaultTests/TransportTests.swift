import Cryptography
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct TransportTests {
    @Test(arguments: [16, 24, 32]) func exportedOnceAndImportedElsewhere(length: Int) async throws {
        let (one, two) = (try await TestVault.make(), try await TestVault.make(root: [UInt8](repeating: 7, count: 32)))
        let transport = try SystemRandom().bytes(32)
        try await one.importNamed("between", .transport, transport)
        try await two.importNamed("between", .transport, transport, owner: "an issuer")
        let made = try await one.createSSD(keyLength: length)
        let wrapped = try await one.vault.exportKeySet(id: made.id, ExportKeySetRequest(transportKeyIndex: "between"))
        #expect(wrapped.keyCheckValues == made.keyCheckValues && wrapped.enc.bytes.count == length + 8)
        #expect(await refusal { try await one.vault.exportKeySet(id: made.id, ExportKeySetRequest(transportKeyIndex: "between")) } == .alreadyExported)
        let taken = try await two.vault.importKeySet(
            ImportKeySetRequest(wrapped: wrapped, purpose: .supplementarySecurityDomain, owner: "o", label: ""))
        #expect(taken.keyCheckValues == made.keyCheckValues && taken.keyVersionNumber == made.keyVersionNumber && taken.state == .pending)
        try await one.stop()
        try await two.stop()
    }

    @Test func concurrentExportsYieldOne() async throws {
        let vault = try await TestVault.make()
        try await vault.importNamed("t", .transport, Array(0...31))
        let made = try await vault.createSSD()
        let codes = await withTaskGroup(of: KeyVaultError.Code?.self) { group in
            for _ in 0..<8 { group.addTask { await refusal { try await vault.vault.exportKeySet(id: made.id, ExportKeySetRequest(transportKeyIndex: "t")) } } }
            return await group.reduce(into: [KeyVaultError.Code?]()) { $0.append($1) }
        }
        #expect(codes.filter { $0 == nil }.count == 1)
        #expect(codes.filter { $0 == .alreadyExported }.count == 7)
        try await vault.stop()
    }

    @Test func onlyUnderTheOwnersTransportKey() async throws {
        let vault = try await TestVault.make()
        try await vault.importNamed("foreign", .transport, Array(0...31), owner: "another provider")
        try await vault.importNamed("master", .master, Array(1...32))
        let made = try await vault.createSSD()
        for index in ["foreign", "master", "none"] {
            #expect(await refusal { try await vault.vault.exportKeySet(id: made.id, ExportKeySetRequest(transportKeyIndex: index)) } == .notFound)
        }
        try await vault.stop()
    }

    @Test func issuerKeysAreNotExported() async throws {
        let vault = try await TestVault.make()
        let known = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .issuerSecurityDomain)
        #expect(await refusal { try await vault.vault.exportKeySet(id: known.id, ExportKeySetRequest(transportKeyIndex: "test-transport")) } == .usageNotAllowed)
        try await vault.stop()
    }

    @Test func importsThatDoNotFit() async throws {
        let vault = try await TestVault.make()
        try await vault.importNamed("t", .transport, TestVault.transportKey)
        try await vault.importNamed("other", .transport, Array(1...32))
        let keys = try randomKeys(16)
        let good = try TestVault.wrap(keys, version: 0x30, index: "t")
        func attempt(_ change: (inout WrappedKeySet) -> Void) async -> KeyVaultError.Code? {
            var wrapped = good
            change(&wrapped)
            return await refusal {
                try await vault.vault.importKeySet(ImportKeySetRequest(wrapped: wrapped, purpose: .issuerSecurityDomain, owner: "o", label: ""))
            }
        }
        #expect(await attempt { _ in } == nil)
        #expect(await attempt { $0.transportKeyIndex = "other" } == .unwrapFailed)
        #expect(await attempt { $0.transportKeyIndex = "none" } == .notFound)
        #expect(await attempt { $0.keyCheckValues[1] = HexBytes([0, 0, 0]) } == .keyCheckValueMismatch)
        #expect(await attempt { $0.keyCheckValues.removeLast() } == .invalidRequest)
        #expect(await attempt { $0.enc.bytes[3] ^= 1 } == .unwrapFailed)
        #expect(await attempt { $0.mac = $0.enc } == .keyCheckValueMismatch)
        #expect(await attempt { $0.dek.bytes.removeLast(8) } == .unwrapFailed)
        #expect(await attempt { $0.dek = HexBytes([]) } == .unwrapFailed)
        #expect(await attempt { $0.keyVersionNumber = 0 } == .invalidRequest)
        try await vault.stop()
    }
}
