import Crypto
import Cryptography
import Foundation
import GlobalPlatform
import Identity
import KeyVaultAPI
import SecureComponentSimulator
import ServiceKit
import TrustedServiceModel

/// What the operators of both domains do before the first service provider comes, through the real interfaces.
struct Provisioning: Sendable {
    struct Result: Sendable {
        var serviceProviders: [TestbedDescription.ServiceProvider]
        var profile: TestbedDescription.Profile
        var handsets: [TestbedDescription.Handset]
        var attestationCertificate: String
    }

    let layout: TestbedLayout
    let names: TestbedNames
    let running: TestbedServices.Running
    let spTsm: TrustDomain
    /// Root of the service providers' client certificates.
    let clients: TrustDomain
    let issuer: TrustDomain
    let spTsmOperator: CredentialFiles
    let issuerOperator: CredentialFiles
    let randomChallenges: Bool
    /// Where the keys made here are written in the clear; nil: nowhere.
    let revealedKeys: String?

    func operatorURL() throws -> String { "https://127.0.0.1:\(try running.provider.port("operator"))/operator/v1" }
    func seiURL() throws -> String { "https://127.0.0.1:\(try running.seiTSM.port("sei"))/sei/v1" }

    func run() async throws -> Result {
        let profile: CardProfile = randomChallenges ? .eSERandom : .eSE
        let masterKey = try CeremonyKey(length: profile.keyLength)
        try await exchangeTransportKey(issuerMasterKey: masterKey)
        let certificate = try await publishAttestationCertificate()
        try await introduceIssuer(profile)
        let handsets = try await issueCards(profile, masterKey)
        let providers = try await OperatorConnection.with(try spTsmConnection()) { client in
            try await OperatorConnection.with(try vaultConnection(spTsmOperator, spTsm, running.spTsmVault)) { vault in
                var made: [TestbedDescription.ServiceProvider] = []
                for number in 1...names.aidPrefixes.count {
                    made.append(try await ServiceProviderSetup(number: number, aidPrefix: names.aidPrefixes[number - 1], layout: layout, clients: clients, keyLength: profile.keyLength)
                        .run(client, KeyVaultClient(vault)))
                }
                return made
            }
        }
        return Result(serviceProviders: providers, profile: .init(id: names.profileId, name: Self.profileName(profile)), handsets: handsets, attestationCertificate: certificate)
    }

    private static func profileName(_ profile: CardProfile) -> String { "simulated \(profile.name)" }

    private func spTsmConnection() throws -> OperatorConnection {
        try OperatorConnection(files: spTsmOperator, url: operatorURL(), identity: running.provider.definition.identity)
    }

    private func vaultConnection(_ files: CredentialFiles, _ domain: TrustDomain, _ vault: StartedService) throws -> OperatorConnection {
        try OperatorConnection(files: files, url: "https://127.0.0.1:\(try vault.port("vault"))/vault/v1", identity: vault.definition.identity)
    }

    /// The transport key that first keys travel under, in both vaults; the master key of the cards' ISD keys, in the issuer's.
    private func exchangeTransportKey(issuerMasterKey: CeremonyKey) async throws {
        let transport = try CeremonyKey(length: 32)
        if let revealedKeys {
            var revealed = RevealedKeys()
            revealed.add(names.transportKeyIndex, transport.key)
            revealed.add(names.issuerMasterKeyIndex, issuerMasterKey.key)
            try revealed.write(to: revealedKeys)
        }
        try await OperatorConnection.with(try vaultConnection(spTsmOperator, spTsm, running.spTsmVault)) { client in
            try await transport.load(into: KeyVaultClient(client), index: names.transportKeyIndex, kind: .transport, owner: names.issuerId)
        }
        try await OperatorConnection.with(try vaultConnection(issuerOperator, issuer, running.issuerVault)) { client in
            let vault = KeyVaultClient(client)
            try await transport.load(into: vault, index: names.transportKeyIndex, kind: .transport, owner: spTsm.name)
            try await issuerMasterKey.load(into: vault, index: names.issuerMasterKeyIndex, kind: .master, owner: names.issuerId)
        }
    }

    /// The certificate with which anyone verifies attestation tokens: issued by the SP TSM's domain for the key that never leaves its vault.
    private func publishAttestationCertificate() async throws -> String {
        let key = try await OperatorConnection.with(try vaultConnection(spTsmOperator, spTsm, running.spTsmVault)) { try await KeyVaultClient($0).attestationKey() }
        let pem = try spTsm.authority.issue(CertificateProfile(commonName: "attestation \(names.tsmOID)", organization: spTsm.name, purpose: .signing),
                                            forPublicKey: key.subjectPublicKeyInfo.bytes, now: spTsm.now)
        let path = layout.published + "/attestation.pem"
        try AtomicFile.write(pem.utf8, to: path, mode: AtomicFile.publicMode)
        return path
    }

    private func introduceIssuer(_ profile: CardProfile) async throws {
        try await OperatorConnection.with(try spTsmConnection()) { client in
            try await client.send(.post, "/issuers", body: OperatorDocuments.NewIssuer(
                id: names.issuerId, name: "issuer-1", seiURL: try seiURL(), caPEM: issuer.authority.certificatePEM,
                expectedPeer: running.seiTSM.definition.identity.description,
                issuerIdentificationNumbers: [Hex.encode(names.issuerIdentificationNumber)], transportKeyIndex: names.transportKeyIndex))
            let gpApi = profile.platformPackages.first { $0.aid.bytes == PlatformRequirements.globalPlatformPackage }?.version.description
            try await client.send(.post, "/secure-component-profiles", body: OperatorDocuments.NewProfile(issuerId: names.issuerId, profile: SecureComponentProfile(
                id: names.profileId, name: Self.profileName(profile), scType: SecureComponentType.embeddedSE.rawValue, hardwarePlatform: "simulator", os: "simulated card",
                osVersion: "1.0", javaCardVersion: profile.javaCardVersion.description, gpSpecVersions: ["card": profile.globalPlatformVersion.description],
                gpApiVersions: gpApi.map { ["card": $0] } ?? [:])))
        }
    }

    /// Two handsets with one card each.
    private func issueCards(_ profile: CardProfile, _ masterKey: CeremonyKey) async throws -> [TestbedDescription.Handset] {
        let manufacturer = CardManufacturer(profile: profile, profileId: names.profileId, masterKey: masterKey.key, masterKeyIndex: names.issuerMasterKeyIndex,
                                            issuerIdentificationNumber: names.issuerIdentificationNumber)
        var handsets: [TestbedDescription.Handset] = []
        var entries: [OperatorDocuments.InventoryEntry] = []
        for number in 1...2 {
            let (name, reader) = ("handset-\(number)", "eSE1")
            try TestbedLayout.make(layout.handset(name))
            let card = try manufacturer.make(cardImageNumber: [0x00, 0x00, 0x00, 0x00, 0x00, UInt8(number)], path: layout.card(name, reader))
            entries.append(card.inventoryEntry)
            handsets.append(.init(name: name, secureComponents: [.init(reader: reader, id: card.id, profileId: names.profileId, issuer: names.issuerId)]))
        }
        let inventory = entries
        let added = try await OperatorConnection.with(try OperatorConnection(files: issuerOperator, url: seiURL(), identity: running.seiTSM.definition.identity)) { client in
            try await client.call(.post, "/inventory", body: inventory, as: OperatorDocuments.InventoryAdded.self)
        }
        guard added.added == inventory.count else { throw ToolFailure("the issuer took \(added.added) of \(inventory.count) cards into its inventory") }
        return handsets
    }
}
