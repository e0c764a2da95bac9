import GlobalPlatform

/// Everything on a simulated card that survives loss of power: a value, so that a command either changes all it has to or nothing.
///
/// It holds the card's keys as a chip's memory does; whoever has the file has the card.
public struct CardImage: Codable, Hashable, Sendable {
    /// Identifiers written at personalisation.
    struct Identity: Codable, Hashable, Sendable {
        var issuerIdentificationNumber: HexBytes
        var cardImageNumber: HexBytes
        /// 42 bytes.
        var productionLifeCycle: HexBytes
        /// 10 bytes.
        var keyDiversificationData: HexBytes
    }

    static let currentFormat = 2

    var format = CardImage.currentFormat
    public internal(set) var profile: CardProfile
    var lifeCycleState: UInt8
    var identity: Identity
    /// In the order of their arrival, which is the order of searches.
    var loadFiles: [LoadFileRecord]
    /// The Issuer Security Domain comes first.
    var applications: [ApplicationRecord]
    /// The load file whose upgrade has begun and not ended; it is not in the registry, and neither are its instances.
    var upgrade: LoadFileUpgrade?
}

/// An Executable Load File. Its code is checked and linked when it is loaded; only what management needs is kept.
struct LoadFileRecord: Codable, Hashable, Sendable {
    var aid: AID
    var version: VersionNumber
    var modules: [AID]
    var imports: [AID]
    var securityDomain: AID
    /// Bytes of the load file data block.
    var size: UInt32
    /// SHA-256 of the load file data block; empty for what is in ROM.
    var hash: HexBytes
    /// In ROM: takes no memory and cannot be deleted.
    var isPreinstalled: Bool
    /// What others can import; nil: itself.
    var packages: [CardProfile.PlatformPackage]?
}

/// An application or security domain.
struct ApplicationRecord: Codable, Hashable, Sendable {
    /// Limits and reservations in bytes, from EF at installation.
    struct Memory: Codable, Hashable, Sendable {
        var volatileQuota: UInt32?
        var nonVolatileQuota: UInt32?
        var volatileReserved: UInt32?
        var nonVolatileReserved: UInt32?

        init(_ parameters: SystemParameters = SystemParameters()) {
            volatileQuota = parameters.volatileQuota
            nonVolatileQuota = parameters.nonVolatileQuota
            volatileReserved = parameters.volatileReserved
            nonVolatileReserved = parameters.nonVolatileReserved
        }
    }

    var aid: AID
    var loadFile: AID
    var module: AID
    var privileges: Privileges
    /// Of the Issuer Security Domain: not used, the card's state is its state.
    var lifeCycleState: UInt8
    /// The security domain that it is associated with; of the Issuer Security Domain itself.
    var securityDomain: AID
    var memory = Memory()
    var implicitSelection = HexBytes([])
    /// CB: what it offers as a Global Service.
    var globalServices: [UInt16]?
    /// Contactless (A0, A1 in EF) and UICC parameters (EA), kept as they came.
    var interfaceParameters: HexBytes?
    /// Exactly one of the three is there.
    var domain: SecurityDomainRecord?
    var accessRules: AccessRuleStore?
    var sink: SinkData?

    var isSecurityDomain: Bool { domain != nil }
    var isLocked: Bool { lifeCycleState & 0x80 != 0 }
    /// SELECTABLE or beyond, and not locked.
    var isSelectable: Bool { lifeCycleState & 0x87 == 0x07 }
}

/// What makes an application a security domain.
struct SecurityDomainRecord: Codable, Hashable, Sendable {
    /// SCP03 `i`.
    var scp03Option: UInt8
    var keySets: [KeySetRecord] = []
    /// Stored by STORE DATA, by tag: 42, 45.
    var dataObjects: [String: HexBytes] = [:]
    /// Tag 84 of its installation parameters.
    var personalizesItself = false
    /// Tag 82: false refuses extradition to this domain.
    var acceptsExtradition = true
    /// Tags 83 and 87: false refuses deletion by a domain above, and extradition away. nil: true.
    var acceptsDeletion: Bool?
    var acceptsExtraditionAway: Bool?
    /// Number of the last receipt.
    var confirmationCounter: UInt16?
    /// Number of the last token that had one.
    var lastTokenIdentifier: HexBytes?
}
