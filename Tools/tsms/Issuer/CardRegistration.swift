import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI

/// Brings a card and its keys to the testbed's issuer through the interfaces that a real one has: the vault's and the SEI TSM's.
struct CardRegistration: Sendable {
    enum Keys: Sendable {
        case delivered(SCP03StaticKeys)
        case derived(masterKeyIndex: String, scheme: String)
    }

    struct Result: Encodable, Sendable {
        /// hex(IIN ‖ CIN).
        var component: String
        var profile: String
        /// In the issuer's vault; nil when the keys are derived.
        var keySet: String?
        var keyVersionNumber: UInt8
        var scpParameter: HexBytes
        var keyLength: Int
        var accessRules: Bool
    }

    let testbed: TestbedDescription
    let profileId: String
    let firstKeys: String

    func register(_ card: CardEvidence, _ keys: Keys) async throws -> Result {
        let connections = try IssuerConnections(testbed)
        try await check(card, connections)
        let version = card.initializeUpdate.keyVersionNumber
        var entry = OperatorDocuments.InventoryEntry(
            issuerIdentificationNumber: HexBytes(card.issuerIdentificationNumber), cardImageNumber: HexBytes(card.cardImageNumber), profileId: profileId,
            keyVersionNumber: version, scpParameter: card.initializeUpdate.parameter.rawValue, keyLength: card.keyLength,
            keyDiversificationData: HexBytes(card.initializeUpdate.keyDiversificationData), issuerSecurityDomain: card.issuerSecurityDomain, firstKeys: firstKeys,
            accessRuleApplication: card.hasAccessRules ? .accessRuleApplicationMaster : nil, lifeCycle: "registered with tsms issuer")
        switch keys {
        case .delivered(let keys): entry.keySetId = try await deliver(keys, version, card, connections)
        case .derived(let index, let scheme):
            entry.masterKeyIndex = index
            entry.scheme = scheme
        }
        let inventory = [entry]
        let added = try await OperatorConnection.with(try connections.inventoryConnection()) { client in
            try await client.call(.post, "/inventory", body: inventory, as: OperatorDocuments.InventoryAdded.self)
        }
        guard added.added == 1 else { throw ToolFailure("the issuer did not take the card into its inventory") }
        return Result(component: Hex.encode(card.issuerIdentificationNumber + card.cardImageNumber), profile: profileId, keySet: entry.keySetId, keyVersionNumber: version,
                      scpParameter: HexBytes([card.initializeUpdate.parameter.rawValue]), keyLength: card.keyLength, accessRules: card.hasAccessRules)
    }

    /// What would make the registration useless, before anything is stored.
    private func check(_ card: CardEvidence, _ connections: IssuerConnections) async throws {
        guard let issuer = testbed.issuers.first else { throw ToolFailure("the testbed has no issuer") }
        let known = try await OperatorConnection.with(try connections.spTsmConnection()) { client in
            try await client.call(.get, "/issuers", as: [OperatorDocuments.IssuerRecord].self)
        }
        let numbers = known.filter { $0.id == issuer.id }.flatMap(\.issuerIdentificationNumbers)
        let number = Hex.encode(card.issuerIdentificationNumber)
        guard numbers.contains(number) else {
            throw ToolFailure("the card's issuer identification number is \(number), and the SP TSM knows the testbed's issuer by \(numbers.joined(separator: ", ")): "
                + "it would not find it (tsms testbed up --iin \(number) makes a testbed whose issuer has it)")
        }
        let id = number + Hex.encode(card.cardImageNumber)
        if let present = try await connections.inventory().first(where: { $0.id == id }) {
            throw ToolFailure("card \(present.id) is in the inventory already, with profile \(present.profileId)")
        }
    }

    /// The keys travel as from a manufacturer: wrapped under a transport key that two people bring into the vault.
    /// - Returns: the key set's ID.
    private func deliver(_ keys: SCP03StaticKeys, _ version: UInt8, _ card: CardEvidence, _ connections: IssuerConnections) async throws -> String {
        guard let issuer = testbed.issuers.first else { throw ToolFailure("the testbed has no issuer") }
        let transport = try CeremonyKey(length: 32)
        let index = "delivery-\(UUID().uuidString.lowercased())"
        try await OperatorConnection.with(try connections.vaultConnection(as: .issuerOperator)) { client in
            try await transport.load(into: KeyVaultClient(client), index: index, kind: .transport, owner: issuer.id)
        }
        let wrapped = try keys.all.map { HexBytes(try AESKeyWrap.wrap($0, under: transport.key)) }
        let values = try keys.keyCheckValues().map { HexBytes($0) }
        let label = "isd of \(Hex.encode(card.issuerIdentificationNumber + card.cardImageNumber))"
        let request = ImportKeySetRequest(
            wrapped: WrappedKeySet(transportKeyIndex: index, keyVersionNumber: version, enc: wrapped[0], mac: wrapped[1], dek: wrapped[2], keyCheckValues: values),
            purpose: .issuerSecurityDomain, owner: issuer.id, label: label)
        return try await OperatorConnection.with(try connections.vaultConnection(as: .seiTSM)) { try await KeyVaultClient($0).importKeySet(request) }.id
    }
}
