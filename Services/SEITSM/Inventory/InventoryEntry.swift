import GlobalPlatform
import KeyVaultAPI
import SEIAPI

/// A component as the issuer's operator enters it, `POST /sei/v1/inventory`.
public struct InventoryEntry: Codable, Sendable, Hashable {
    /// Values of GP tags 42 and 45; together they are the component's ID.
    public var issuerIdentificationNumber: HexBytes
    public var cardImageNumber: HexBytes
    public var profileId: String
    /// nil: the usual AID of an ISD (GPCS 2.3.1, H.1.3).
    public var issuerSecurityDomain: AID?
    /// Version of the ISD's SCP03 keys on the card, 01…7F.
    public var keyVersionNumber: UInt8
    /// SCP03 `i`.
    public var scpParameter: UInt8
    /// Bytes of each AES key, of the ISD and of new security domains: 16, 24 or 32.
    public var keyLength: Int
    /// Ten bytes, as the card answers them to INITIALIZE UPDATE.
    public var keyDiversificationData: HexBytes
    /// Either the master key from which the card's ISD keys are derived (with `scheme`, default kdf3) …
    public var masterKeyIndex: String?
    public var scheme: KeyVaultAPI.DiversificationScheme?
    /// … or a key set of the vault.
    public var keySetId: String?
    /// nil: storeData.
    public var firstKeys: SEI.FirstKeys?
    /// nil: the component enforces no access rules.
    public var accessRuleApplication: AID?
    public var blocked: Bool?
    /// For the operator's own use, such as `SECURED` or `in the field`.
    public var lifeCycle: String?

    public init(issuerIdentificationNumber: HexBytes, cardImageNumber: HexBytes, profileId: String, issuerSecurityDomain: AID? = nil,
                keyVersionNumber: UInt8, scpParameter: UInt8, keyLength: Int, keyDiversificationData: HexBytes, masterKeyIndex: String? = nil,
                scheme: KeyVaultAPI.DiversificationScheme? = nil, keySetId: String? = nil, firstKeys: SEI.FirstKeys? = nil,
                accessRuleApplication: AID? = nil, blocked: Bool? = nil, lifeCycle: String? = nil) {
        self.issuerIdentificationNumber = issuerIdentificationNumber
        self.cardImageNumber = cardImageNumber
        self.profileId = profileId
        self.issuerSecurityDomain = issuerSecurityDomain
        self.keyVersionNumber = keyVersionNumber
        self.scpParameter = scpParameter
        self.keyLength = keyLength
        self.keyDiversificationData = keyDiversificationData
        self.masterKeyIndex = masterKeyIndex
        self.scheme = scheme
        self.keySetId = keySetId
        self.firstKeys = firstKeys
        self.accessRuleApplication = accessRuleApplication
        self.blocked = blocked
        self.lifeCycle = lifeCycle
    }

    /// The component that the entry describes.
    /// - Throws: `invalidRequest`, naming the component and the field.
    public func component() throws(SEIError) -> Component {
        let id = Component.id(issuerIdentificationNumber: issuerIdentificationNumber, cardImageNumber: cardImageNumber)
        func require(_ condition: Bool, _ problem: String) throws(SEIError) {
            guard condition else { throw SEIError(.invalidRequest, "component \(id): \(problem)") }
        }
        try require((1...16).contains(issuerIdentificationNumber.bytes.count), "issuerIdentificationNumber has not 1 to 16 bytes")
        try require((1...16).contains(cardImageNumber.bytes.count), "cardImageNumber has not 1 to 16 bytes")
        try require(!profileId.isEmpty, "profileId is empty")
        try require((0x01...0x7F).contains(keyVersionNumber), "keyVersionNumber is not 1 to 127")
        try require([16, 24, 32].contains(keyLength), "keyLength is not 16, 24 or 32")
        try require(scpParameter & 0x60 != 0x40, "scpParameter \(Hex.encode([scpParameter])) asks for R-ENC without R-MAC")
        try require(keyDiversificationData.bytes.count == 10, "keyDiversificationData has not 10 bytes")
        try require((masterKeyIndex == nil) != (keySetId == nil), "exactly one of masterKeyIndex and keySetId is needed")
        let keys: KeyReference =
            if let masterKeyIndex {
                .diversified(masterKeyIndex: masterKeyIndex, keyDiversificationData: keyDiversificationData, scheme: scheme ?? .kdf3,
                             keyVersionNumber: keyVersionNumber)
            } else {
                .keySet(id: keySetId ?? "")
            }
        return Component(id: id, issuerIdentificationNumber: issuerIdentificationNumber, cardImageNumber: cardImageNumber, profileId: profileId,
                         issuerSecurityDomain: issuerSecurityDomain ?? .issuerSecurityDomain, keyVersionNumber: keyVersionNumber,
                         scpParameter: scpParameter, keyLength: keyLength, keyDiversificationData: keyDiversificationData, keys: keys,
                         firstKeys: firstKeys ?? .storeData, accessRuleApplication: accessRuleApplication, blocked: blocked ?? false,
                         lifeCycle: lifeCycle, sequenceCounter: nil, contentKnown: true)
    }
}

/// Answer to `POST /sei/v1/inventory`.
public struct InventoryAdded: Codable, Sendable, Hashable {
    public var added: Int
    /// Were there already, with the same data.
    public var unchanged: Int

    public init(added: Int, unchanged: Int) {
        self.added = added
        self.unchanged = unchanged
    }
}

/// A page of `GET /sei/v1/inventory`, by ID.
public struct InventoryPage: Codable, Sendable, Hashable {
    public var components: [Component]
    /// Give it as `after` for the next page; nil: this was the last.
    public var next: String?

    public init(components: [Component], next: String?) {
        self.components = components
        self.next = next
    }
}
