import GlobalPlatform
import KeyVaultAPI
import SecureComponentSimulator
import ServiceKit
import TrustedServiceModel

/// What an issuer's operator and the SP TSM's do before cards of this issuer can be used, through the real interfaces.
struct IssuerSetup: Sendable {
    let running: RunningIssuer
    let layout: TestbedLayout
    let spTsm: TrustDomain
    let spTsmOperator: CredentialFiles
    let spTsmVault: StartedService

    private var issuer: TestbedIssuer { running.issuer }
    private var names: TestbedNames { issuer.names }

    /// - Parameters:
    ///   - client: the SP TSM's operator interface.
    ///   - revealed: takes the keys that are made.
    /// - Returns: what became of each handset's reader.
    func run(_ client: JSONClient, revealed: inout RevealedKeys) async throws -> [(handset: String, component: TestbedDescription.SecureComponent)] {
        let masterKey = try CeremonyKey(length: issuer.profile.keyLength)
        let transport = try CeremonyKey(length: 32)
        let suffix = issuer.number == 1 ? "" : "-\(issuer.number)"
        revealed.add(names.transportKeyIndex, transport.key)
        revealed.add(names.issuerMasterKeyIndex + suffix, masterKey.key)
        try await exchange(transport, masterKey)
        try await introduce(client)
        return try await issueCards(masterKey)
    }

    private func vaultConnection(_ files: CredentialFiles, _ vault: StartedService) throws -> OperatorConnection {
        try OperatorConnection(files: files, url: "https://127.0.0.1:\(try vault.port("vault"))/vault/v1", identity: vault.definition.identity)
    }

    /// The transport key that first keys travel under, in both vaults; the master key of the cards' ISD keys, in the issuer's.
    private func exchange(_ transport: CeremonyKey, _ masterKey: CeremonyKey) async throws {
        try await OperatorConnection.with(try vaultConnection(spTsmOperator, spTsmVault)) { client in
            try await transport.load(into: KeyVaultClient(client), index: names.transportKeyIndex, kind: .transport, owner: names.issuerId)
        }
        try await OperatorConnection.with(try vaultConnection(issuer.operatorFiles, running.vault)) { client in
            let vault = KeyVaultClient(client)
            try await transport.load(into: vault, index: names.transportKeyIndex, kind: .transport, owner: spTsm.name)
            try await masterKey.load(into: vault, index: names.issuerMasterKeyIndex, kind: .master, owner: names.issuerId)
        }
    }

    private func introduce(_ client: JSONClient) async throws {
        try await client.send(.post, "/issuers", body: OperatorDocuments.NewIssuer(
            id: names.issuerId, name: issuer.name, seiURL: try running.seiURL(), caPEM: issuer.domain.authority.certificatePEM,
            expectedPeer: running.seiTSM.definition.identity.description,
            issuerIdentificationNumbers: [Hex.encode(names.issuerIdentificationNumber)], transportKeyIndex: names.transportKeyIndex))
        let profile = issuer.profile
        func version(_ package: [UInt8]) -> String? { profile.platformPackages.first { $0.aid.bytes == package }?.version.description }
        var interfaces: [String: String] = [:]
        interfaces["card"] = version(PlatformRequirements.globalPlatformPackage)
        // What says that load files can be upgraded under their applications.
        if profile.upgradesLoadFiles { interfaces["elfUpgrade"] = version(AID.upgradePackage.bytes) }
        let type: SecureComponentType = profile.secureComponentType == "eUICC" ? .embeddedUICC : .embeddedSE
        try await client.send(.post, "/secure-component-profiles", body: OperatorDocuments.NewProfile(issuerId: names.issuerId, profile: SecureComponentProfile(
            id: names.profileId, name: issuer.profileName, scType: type.rawValue, hardwarePlatform: "simulator", os: "simulated card",
            osVersion: "1.0", javaCardVersion: profile.javaCardVersion.description, gpSpecVersions: ["card": profile.globalPlatformVersion.description],
            gpApiVersions: interfaces)))
    }

    private func issueCards(_ masterKey: CeremonyKey) async throws -> [(handset: String, component: TestbedDescription.SecureComponent)] {
        let manufacturer = CardManufacturer(profile: issuer.profile, profileId: names.profileId, masterKey: masterKey.key, masterKeyIndex: names.issuerMasterKeyIndex,
                                            issuerIdentificationNumber: names.issuerIdentificationNumber)
        var components: [(handset: String, component: TestbedDescription.SecureComponent)] = []
        var entries: [OperatorDocuments.InventoryEntry] = []
        for (number, place) in issuer.readers.enumerated() {
            try TestbedLayout.make(layout.handset(place.handset))
            let card = try manufacturer.make(cardImageNumber: [0x00, 0x00, 0x00, 0x00, 0x00, UInt8(number + 1)], path: layout.card(place.handset, place.reader))
            entries.append(card.inventoryEntry)
            components.append((place.handset, .init(reader: place.reader, id: card.id, profileId: names.profileId, issuer: names.issuerId)))
        }
        let inventory = entries
        let connection = try OperatorConnection(files: issuer.operatorFiles, url: running.seiURL(), identity: running.seiTSM.definition.identity)
        let added = try await OperatorConnection.with(connection) { client in
            try await client.call(.post, "/inventory", body: inventory, as: OperatorDocuments.InventoryAdded.self)
        }
        guard added.added == inventory.count else { throw ToolFailure("\(issuer.name) took \(added.added) of \(inventory.count) cards into its inventory") }
        return components
    }
}
