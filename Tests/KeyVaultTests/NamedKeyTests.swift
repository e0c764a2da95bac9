import Cryptography
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct NamedKeyTests {
    @Test func componentsMakeTheKey() async throws {
        let vault = try await TestVault.make()
        let described = try await vault.importNamed("kek-1", .transport, try hex("404142434445464748494a4b4c4d4e4f"))
        #expect(described == NamedKeyDescription(index: "kek-1", kind: .transport, owner: TestVault.owner, keyLength: 16, keyCheckValue: HexBytes(try hex("504a77"))))
        #expect(try await vault.vault.namedKeys() == [described])
        #expect(await refusal { try await vault.importNamed("kek-1", .master, Array(0...15)) } == .wrongState)
        try await vault.stop()
    }

    @Test func componentsThatDoNot() async throws {
        let vault = try await TestVault.make()
        let part = HexBytes([UInt8](repeating: 3, count: 16))
        func attempt(_ components: [HexBytes], _ value: [UInt8] = [1, 2, 3], index: String = "k") async -> KeyVaultError.Code? {
            await refusal {
                try await vault.operatorVault.importNamedKey(
                    ImportNamedKeyRequest(index: index, kind: .master, owner: "o", components: components, keyCheckValue: HexBytes(value)))
            }
        }
        let other = HexBytes(Array(0...15) as [UInt8])
        #expect(await attempt([part]) == .invalidRequest)
        #expect(await attempt([]) == .invalidRequest)
        #expect(await attempt([part, part]) == .invalidRequest)
        #expect(await attempt([part, HexBytes(Array(0...23) as [UInt8])]) == .invalidRequest)
        #expect(await attempt([HexBytes([1]), HexBytes([2])]) == .invalidRequest)
        #expect(await attempt([part, other]) == .keyCheckValueMismatch)
        #expect(await attempt([part, other], []) == .keyCheckValueMismatch)
        #expect(await attempt([part, other], index: "") == .invalidRequest)
        #expect(await attempt([part, other], index: "with space") == .invalidRequest)
        #expect(try await vault.vault.namedKeys().isEmpty)
        try await vault.stop()
    }
}
