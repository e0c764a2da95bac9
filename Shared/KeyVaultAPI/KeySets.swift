import GlobalPlatform

/// What a key set may be used for; the vault refuses every other use (design: usage policies).
public enum KeySetPurpose: String, Codable, Sendable, CaseIterable {
    /// Opens SCP03 with an issuer security domain.
    case issuerSecurityDomain
    /// Opens SCP03 with a supplementary security domain; may be put on a card by PUT KEY.
    case supplementarySecurityDomain
}

/// Life of a key set. Nothing is destroyed while it may be on a card.
public enum KeySetState: String, Codable, Sendable, CaseIterable {
    /// Made, but no report has proven yet that a card holds it.
    case pending
    case live
    /// Replaced on the card; kept until that is proven.
    case retired
    /// The bytes are gone.
    case destroyed
}

/// GP diversification of a card's keys from a master key.
public enum DiversificationScheme: String, Codable, Sendable, CaseIterable { case kdf3, emvCps11, visa2 }

/// Names the static keys of one security domain: a stored key set, or a card's keys derived on the fly from a master key.
public enum KeyReference: Codable, Sendable, Hashable {
    case keySet(id: String)
    case diversified(masterKeyIndex: String, keyDiversificationData: HexBytes, scheme: DiversificationScheme, keyVersionNumber: UInt8)
}

public struct CreateKeySetRequest: Codable, Sendable, Hashable {
    public enum Origin: Codable, Sendable, Hashable {
        case random
        /// Derived from a master key; without `keyDiversificationData` the vault draws 10 random bytes and returns them.
        case diversified(masterKeyIndex: String, keyDiversificationData: HexBytes?, scheme: DiversificationScheme)
    }
    public var origin: Origin
    public var purpose: KeySetPurpose
    /// Bytes of each of the three AES keys: 16, 24 or 32.
    public var keyLength: Int
    /// Key version number that the set gets on the card, 0x30…0x3F for SCP03.
    public var keyVersionNumber: UInt8
    /// Who it belongs to: a service provider's ID, or the issuer's.
    public var owner: String
    /// Free text for people, e.g. `ssd of instance …`.
    public var label: String

    public init(origin: Origin, purpose: KeySetPurpose, keyLength: Int, keyVersionNumber: UInt8, owner: String, label: String) {
        self.origin = origin
        self.purpose = purpose
        self.keyLength = keyLength
        self.keyVersionNumber = keyVersionNumber
        self.owner = owner
        self.label = label
    }
}

/// All that leaves the vault of a key set: never key bytes.
public struct KeySetDescription: Codable, Sendable, Hashable {
    public var id: String
    public var purpose: KeySetPurpose
    public var state: KeySetState
    public var keyLength: Int
    public var keyVersionNumber: UInt8
    public var owner: String
    public var label: String
    /// Key check values of ENC, MAC and DEK, three bytes each.
    public var keyCheckValues: [HexBytes]
    /// For diversified sets.
    public var masterKeyIndex: String?
    public var keyDiversificationData: HexBytes?
    /// EXTERNAL AUTHENTICATEs issued and not proven successful; opening stops at the vault's limit.
    public var unprovenAuthentications: Int

    public init(id: String, purpose: KeySetPurpose, state: KeySetState, keyLength: Int, keyVersionNumber: UInt8, owner: String, label: String,
                keyCheckValues: [HexBytes], masterKeyIndex: String?, keyDiversificationData: HexBytes?, unprovenAuthentications: Int) {
        self.id = id
        self.purpose = purpose
        self.state = state
        self.keyLength = keyLength
        self.keyVersionNumber = keyVersionNumber
        self.owner = owner
        self.label = label
        self.keyCheckValues = keyCheckValues
        self.masterKeyIndex = masterKeyIndex
        self.keyDiversificationData = keyDiversificationData
        self.unprovenAuthentications = unprovenAuthentications
    }
}

/// Three keys wrapped one by one under a transport key (AES key wrap, RFC 3394), with their check values.
public struct WrappedKeySet: Codable, Sendable, Hashable {
    public var transportKeyIndex: String
    public var keyVersionNumber: UInt8
    public var enc: HexBytes
    public var mac: HexBytes
    public var dek: HexBytes
    public var keyCheckValues: [HexBytes]

    public init(transportKeyIndex: String, keyVersionNumber: UInt8, enc: HexBytes, mac: HexBytes, dek: HexBytes, keyCheckValues: [HexBytes]) {
        self.transportKeyIndex = transportKeyIndex
        self.keyVersionNumber = keyVersionNumber
        self.enc = enc
        self.mac = mac
        self.dek = dek
        self.keyCheckValues = keyCheckValues
    }
}

public struct ImportKeySetRequest: Codable, Sendable, Hashable {
    public var wrapped: WrappedKeySet
    public var purpose: KeySetPurpose
    public var owner: String
    public var label: String

    public init(wrapped: WrappedKeySet, purpose: KeySetPurpose, owner: String, label: String) {
        self.wrapped = wrapped
        self.purpose = purpose
        self.owner = owner
        self.label = label
    }
}

public struct ExportKeySetRequest: Codable, Sendable, Hashable {
    public var transportKeyIndex: String
    public init(transportKeyIndex: String) { self.transportKeyIndex = transportKeyIndex }
}

public struct ChangeKeySetStateRequest: Codable, Sendable, Hashable {
    public var state: KeySetState
    public init(state: KeySetState) { self.state = state }
}

/// A transport or master key as the operator sees it.
public struct NamedKeyDescription: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable { case transport, master }
    public var index: String
    public var kind: Kind
    public var owner: String
    public var keyLength: Int
    public var keyCheckValue: HexBytes

    public init(index: String, kind: Kind, owner: String, keyLength: Int, keyCheckValue: HexBytes) {
        self.index = index
        self.kind = kind
        self.owner = owner
        self.keyLength = keyLength
        self.keyCheckValue = keyCheckValue
    }
}

/// Brings a transport or master key into the vault from two or more components, which are combined by XOR (operator only).
public struct ImportNamedKeyRequest: Codable, Sendable, Hashable {
    public var index: String
    public var kind: NamedKeyDescription.Kind
    public var owner: String
    public var components: [HexBytes]
    /// Check value of the combined key; a mismatch is refused.
    public var keyCheckValue: HexBytes
    /// Check values of the components, in their order: they tell which one is mistyped. Nil: not given.
    public var componentCheckValues: [HexBytes]?

    public init(index: String, kind: NamedKeyDescription.Kind, owner: String, components: [HexBytes], keyCheckValue: HexBytes, componentCheckValues: [HexBytes]? = nil) {
        self.componentCheckValues = componentCheckValues
        self.index = index
        self.kind = kind
        self.owner = owner
        self.components = components
        self.keyCheckValue = keyCheckValue
    }
}
