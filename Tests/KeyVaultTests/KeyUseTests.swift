import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI
@testable import KeyVaultService
import Testing

/// Every kind of key against every operation that takes a key: what is not its use is refused, and changes nothing.
@Suite struct KeyUseTests {
    enum Key: String, CaseIterable {
        case issuerSecurityDomainSet, supplementarySecurityDomainSet, retiredSet, destroyedSet
        case issuerMaster, serviceProviderMaster, transport, foreignTransport
        case signingAttestation, signingTokens, rootKey, unknown
    }

    enum Operation: String, CaseIterable {
        case openChannel, openChannelDerived, verifyCryptogram, verifyCryptogramDerived, putOnCard, storeFirstKeys, export, wrapUnder, unwrapUnder, diversify, attest
    }

    /// What is allowed; everything else is refused.
    static let allowed: Set<String> = [
        "openChannel issuerSecurityDomainSet", "openChannel supplementarySecurityDomainSet",
        "verifyCryptogram issuerSecurityDomainSet", "verifyCryptogram supplementarySecurityDomainSet", "verifyCryptogram retiredSet",
        "openChannelDerived issuerMaster", "openChannelDerived serviceProviderMaster", "verifyCryptogramDerived issuerMaster", "verifyCryptogramDerived serviceProviderMaster",
        "putOnCard supplementarySecurityDomainSet", "storeFirstKeys supplementarySecurityDomainSet", "export supplementarySecurityDomainSet",
        "wrapUnder transport", "unwrapUnder transport", "unwrapUnder foreignTransport",
        "diversify serviceProviderMaster",
    ]

    private static let other = "4b0d3c1e-93a0-4a43-8d4c-000000000099"
    private static let uuidIndex = "0a0b0c0d-0e0f-4a0b-8c0d-0e0f0a0b0c0d"

    private struct Kit {
        let vault: TestVault
        var names: [Key: String] = [:]
        let opener: String
        let transportKey: [UInt8]
    }

    private func kit(_ vault: TestVault) async throws -> Kit {
        let transport = try SystemRandom().bytes(32)
        try await vault.importNamed("issuer-master", .master, SystemRandom().bytes(16), owner: "issuer")
        try await vault.importNamed(Self.uuidIndex, .master, SystemRandom().bytes(16))
        try await vault.importNamed("transport", .transport, transport)
        try await vault.importNamed("foreign", .transport, transport, owner: Self.other)
        func set(_ purpose: KeySetPurpose) async throws -> String {
            try await vault.vault.createKeySet(CreateKeySetRequest(origin: .random, purpose: purpose, keyLength: 16, keyVersionNumber: 0x31, owner: TestVault.owner, label: "")).id
        }
        let (retired, destroyed) = (try await set(.supplementarySecurityDomain), try await set(.supplementarySecurityDomain))
        _ = try await vault.vault.changeState(ofKeySet: retired, ChangeKeySetStateRequest(state: .retired))
        _ = try await vault.vault.changeState(ofKeySet: destroyed, ChangeKeySetStateRequest(state: .destroyed))
        var kit = Kit(vault: vault, opener: try await set(.issuerSecurityDomain), transportKey: transport)
        kit.names = [
            .issuerSecurityDomainSet: try await set(.issuerSecurityDomain), .supplementarySecurityDomainSet: try await set(.supplementarySecurityDomain),
            .retiredSet: retired, .destroyedSet: destroyed, .issuerMaster: "issuer-master", .serviceProviderMaster: Self.uuidIndex, .transport: "transport",
            .foreignTransport: "foreign", .signingAttestation: "attestation", .signingTokens: "provider-token", .rootKey: "tsms-root", .unknown: "nothing",
        ]
        return kit
    }

    private func attempt(_ operation: Operation, _ key: Key, _ kit: Kit) async throws -> KeyVaultError.Code? {
        let name = try #require(kit.names[key])
        let vault = try kit.vault.vault
        let derived = KeyReference.diversified(masterKeyIndex: name, keyDiversificationData: HexBytes([UInt8](repeating: 1, count: 10)), scheme: .kdf3, keyVersionNumber: 0x31)
        func cryptogram(_ reference: KeyReference) async throws -> KeyVaultError.Code? {
            let challenge = try await vault.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x31))
            var card = TestCard(try randomKeys(16), version: 0x31)
            let response = HexBytes(try card.transmit(challenge.initializeUpdate.bytes))
            return await refusal {
                try await vault.verifyCryptogram(VerifyCryptogramRequest(
                    challengeId: challenge.challengeId, initializeUpdateResponse: response, securityDomain: .issuerSecurityDomain, candidates: [reference]))
            }
        }
        func channel(_ reference: KeyReference, _ commands: [ChannelCommand] = []) async -> KeyVaultError.Code? {
            var request = openRequest(name, version: 0x31, commands: commands)
            request.keys = reference
            return await refusal { try await vault.openChannel(request) }
        }
        switch operation {
        case .openChannel: return await channel(.keySet(id: name))
        case .openChannelDerived: return await channel(derived)
        case .verifyCryptogram: return try await cryptogram(.keySet(id: name))
        case .verifyCryptogramDerived: return try await cryptogram(derived)
        case .putOnCard: return await channel(.keySet(id: kit.opener), [.putKey(keySetId: name, keyVersionNumber: 0x31, replacing: nil)])
        case .storeFirstKeys: return await channel(.keySet(id: kit.opener), [.storeFirstKeys(keySetId: name, keyVersionNumber: 0x31)])
        case .export: return await refusal { try await vault.exportKeySet(id: name, ExportKeySetRequest(transportKeyIndex: "transport")) }
        case .wrapUnder:
            let set = try await kit.vault.createSSD()
            return await refusal { try await vault.exportKeySet(id: set.id, ExportKeySetRequest(transportKeyIndex: name)) }
        case .unwrapUnder:
            let wrapped = try TestVault.wrap(randomKeys(16), version: 0x31, under: kit.transportKey, index: name)
            return await refusal {
                try await vault.importKeySet(ImportKeySetRequest(wrapped: wrapped, purpose: .supplementarySecurityDomain, owner: TestVault.owner, label: ""))
            }
        case .diversify:
            return await refusal {
                try await vault.createKeySet(CreateKeySetRequest(
                    origin: .diversified(masterKeyIndex: name, keyDiversificationData: nil, scheme: .kdf3), purpose: .supplementarySecurityDomain, keyLength: 16,
                    keyVersionNumber: 0x31, owner: TestVault.owner, label: ""))
            }
        case .attest:
            return await refusal {
                try await vault.attestationToken(AttestationTokenRequest(processId: UUID().uuidString, flavorId: UUID().uuidString, diversifiedKeySetId: name))
            }
        }
    }

    private func table(_ vault: TestVault, _ operation: Operation) async throws {
        let kit = try await kit(vault)
        for key in Key.allCases {
            let code = try await attempt(operation, key, kit)
            #expect((code == nil) == Self.allowed.contains("\(operation) \(key)"), "\(operation) with \(key): \(code.map { "\($0)" } ?? "allowed")")
            if let code { #expect([.notFound, .usageNotAllowed, .wrongState].contains(code), "\(operation) with \(key): \(code)") }
        }
        try await vault.stop()
    }

    @Test(arguments: Operation.allCases) func theTable(operation: Operation) async throws { try await table(try await TestVault.make(), operation) }

    @Test(.enabled(if: SoftHSM.isAvailable, Comment(rawValue: SoftHSM.missing)), arguments: [Operation.wrapUnder, .unwrapUnder, .diversify, .openChannelDerived, .verifyCryptogramDerived])
    func theTableWithAToken(operation: Operation) async throws {
        let token = try SoftHSM.makeToken()
        try token.makeRootKey()
        try await table(try await TestVault.make(token.source()), operation)
    }

    /// Only a key set that was derived from a master key can be attested.
    @Test func attestationOfADerivedSet() async throws {
        let vault = try await TestVault.make()
        let kit = try await kit(vault)
        let set = try await vault.vault.createKeySet(CreateKeySetRequest(
            origin: .diversified(masterKeyIndex: Self.uuidIndex, keyDiversificationData: nil, scheme: .kdf3), purpose: .supplementarySecurityDomain, keyLength: 16,
            keyVersionNumber: 0x31, owner: TestVault.owner, label: ""))
        let request = AttestationTokenRequest(processId: UUID().uuidString, flavorId: UUID().uuidString, diversifiedKeySetId: set.id)
        #expect(await refusal { try await kit.vault.vault.attestationToken(request) } == nil)
        try await vault.stop()
    }

    /// No named key is for more than one kind of use.
    @Test func usesAndKinds() {
        #expect(NamedKeyUse.allCases.map(\.kind) == [.master, .master, .transport, .transport])
    }
}
