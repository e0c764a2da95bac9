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

@Suite struct ComponentTests {
    /// Two domains make a key together: whoever mistypes is told which component it is, and nothing is stored.
    @Test(arguments: [2, 3]) func exchangeBetweenTwoDomains(count: Int) async throws {
        let (one, two) = (try await TestVault.make(), try await TestVault.make())
        let components = try KeyComponents.make(count: count, length: 32, using: SystemRandom.forKeys)
        let checkValue = HexBytes(try aesKeyCheckValue(try KeyComponents.combine(components)))
        let each = try components.map { HexBytes(try aesKeyCheckValue(SecretBytes(copying: $0))) }
        func load(_ vault: TestVault, _ components: [[UInt8]], _ each: [HexBytes]?, _ value: HexBytes) async throws -> NamedKeyDescription {
            try await vault.operatorVault.importNamedKey(ImportNamedKeyRequest(
                index: "shared", kind: .transport, owner: TestVault.owner, components: components.map { HexBytes($0) }, keyCheckValue: value, componentCheckValues: each))
        }
        var mistyped = components
        mistyped[1][5] ^= 0x10
        do {
            _ = try await load(one, mistyped, each, checkValue)
            Issue.record("a mistyped component was taken")
        } catch let error as KeyVaultError {
            #expect(error.code == .keyCheckValueMismatch && error.reason.contains("component 2"))
        }
        #expect(await refusal { try await load(one, mistyped, nil, checkValue) } == .keyCheckValueMismatch)
        #expect(await refusal { try await load(one, components, Array(each.dropLast()), checkValue) } == .invalidRequest)
        #expect(await refusal { try await load(one, components, each, HexBytes([1, 2, 3])) } == .keyCheckValueMismatch)
        #expect(await refusal { try await load(one, Array(components.dropLast()) + [components[0]], nil, checkValue) } == (count == 2 ? .invalidRequest : .keyCheckValueMismatch))
        #expect(try await one.vault.namedKeys().isEmpty)
        let described = try await load(one, components, each, checkValue)
        #expect(try await load(two, components.reversed(), each.reversed(), checkValue) == described)
        // And it is the same key: what one wraps the other unwraps.
        let set = try await one.createSSD()
        let wrapped = try await one.vault.exportKeySet(id: set.id, ExportKeySetRequest(transportKeyIndex: "shared"))
        let imported = try await two.vault.importKeySet(ImportKeySetRequest(wrapped: wrapped, purpose: .supplementarySecurityDomain, owner: "sp", label: ""))
        #expect(imported.keyCheckValues == set.keyCheckValues)
        try await one.stop()
        try await two.stop()
    }
}
