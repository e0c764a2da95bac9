import Cryptography
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

@Suite struct KeySetTests {
    @Test(arguments: [16, 24, 32]) func createdSetsArePendingAndDistinct(length: Int) async throws {
        let vault = try await TestVault.make()
        let first = try await vault.createSSD(keyLength: length)
        let second = try await vault.createSSD(keyLength: length)
        #expect(first.state == .pending && first.keyLength == length && first.owner == TestVault.owner && first.unprovenAuthentications == 0)
        #expect(first.keyCheckValues.count == 3 && first.keyCheckValues.allSatisfy { $0.bytes.count == 3 })
        #expect(Set(first.keyCheckValues + second.keyCheckValues).count == 6)
        #expect(try await vault.vault.keySet(id: first.id) == first)
        try await vault.stop()
    }

    @Test func derivedKeysAreThoseOfTheScheme() async throws {
        let vault = try await TestVault.make()
        let master = Array(0x40...0x4F) as [UInt8]
        try await vault.importNamed("11111111-2222-4333-8444-555555555555", .master, master)
        for scheme in KeyVaultAPI.DiversificationScheme.allCases {
            let set = try await vault.vault.createKeySet(
                CreateKeySetRequest(
                    origin: .diversified(masterKeyIndex: "11111111-2222-4333-8444-555555555555", keyDiversificationData: HexBytes(Array(0...9)), scheme: scheme),
                    purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: 0x31, owner: TestVault.owner, label: ""))
            let gp: GlobalPlatform.DiversificationScheme = switch scheme {
            case .kdf3: .kdf3
            case .emvCps11: .emvCPS11
            case .visa2: .visa2
            }
            let expected = try gp.keys(master: SecretBytes(copying: master), keyDiversificationData: Array(0...9))
            #expect(set.keyCheckValues.map(\.bytes) == (try expected.keyCheckValues()))
            #expect(set.keyDiversificationData == HexBytes(Array(0...9)))
        }
        // KDF3 of this master and data: a recorded vector.
        let set = try await vault.vault.createKeySet(
            CreateKeySetRequest(
                origin: .diversified(masterKeyIndex: "11111111-2222-4333-8444-555555555555", keyDiversificationData: HexBytes(Array(0...9)), scheme: .kdf3),
                purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: 0x31, owner: TestVault.owner, label: ""))
        #expect(set.keyCheckValues.map(\.description) == ["e79c05", "d1bd77", "3fde8c"])
        try await vault.stop()
    }

    @Test func theVaultDrawsDiversificationData() async throws {
        let vault = try await TestVault.make()
        try await vault.importNamed("m", .master, Array(0...31))
        let origin = CreateKeySetRequest.Origin.diversified(masterKeyIndex: "m", keyDiversificationData: nil, scheme: .kdf3)
        let request = CreateKeySetRequest(origin: origin, purpose: .supplementarySecurityDomain, keyLength: 32, keyVersionNumber: 0x31, owner: TestVault.owner, label: "")
        let first = try await vault.vault.createKeySet(request)
        let second = try await vault.vault.createKeySet(request)
        #expect(first.keyDiversificationData?.bytes.count == 10)
        #expect(first.keyDiversificationData != second.keyDiversificationData)
        try await vault.stop()
    }

    @Test func aForeignMasterKeyIsAsNone() async throws {
        let vault = try await TestVault.make()
        try await vault.importNamed("m", .master, Array(0...15), owner: "somebody else")
        try await vault.importNamed("t", .transport, Array(16...31))
        for index in ["m", "t", "none"] {
            let origin = CreateKeySetRequest.Origin.diversified(masterKeyIndex: index, keyDiversificationData: nil, scheme: .kdf3)
            let code = await refusal {
                try await vault.vault.createKeySet(
                    CreateKeySetRequest(origin: origin, purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: 0x31, owner: TestVault.owner, label: ""))
            }
            #expect(code == .notFound)
        }
        try await vault.stop()
    }

    @Test(arguments: [(15, 0x31), (0, 0x31), (16, 0x00), (16, 0x2F), (16, 0x40)] as [(Int, UInt8)])
    func badRequestsAreRefused(length: Int, version: UInt8) async throws {
        let vault = try await TestVault.make()
        #expect(await refusal { try await vault.createSSD(version: version, keyLength: length) } == .invalidRequest)
        try await vault.stop()
    }

    @Test func statesOnlyGoTheirWay() async throws {
        let vault = try await TestVault.make()
        let known = try await vault.importKnown(randomKeys(16), version: 0x30, purpose: .supplementarySecurityDomain)
        // Imported: a card may hold it.
        #expect(await refusal { try await vault.vault.changeState(ofKeySet: known.id, ChangeKeySetStateRequest(state: .destroyed)) } == .wrongState)
        #expect(try await vault.vault.changeState(ofKeySet: known.id, ChangeKeySetStateRequest(state: .live)).state == .live)
        #expect(await refusal { try await vault.vault.changeState(ofKeySet: known.id, ChangeKeySetStateRequest(state: .destroyed)) } == .wrongState)
        #expect(try await vault.vault.changeState(ofKeySet: known.id, ChangeKeySetStateRequest(state: .retired)).state == .retired)
        #expect(try await vault.vault.changeState(ofKeySet: known.id, ChangeKeySetStateRequest(state: .destroyed)).state == .destroyed)
        #expect(try await vault.vault.changeState(ofKeySet: known.id, ChangeKeySetStateRequest(state: .destroyed)).state == .destroyed)
        #expect(await refusal { try await vault.vault.changeState(ofKeySet: known.id, ChangeKeySetStateRequest(state: .retired)) } == .wrongState)
        let fresh = try await vault.createSSD()
        #expect(try await vault.vault.changeState(ofKeySet: fresh.id, ChangeKeySetStateRequest(state: .destroyed)).state == .destroyed)
        try await vault.stop()
    }
}
