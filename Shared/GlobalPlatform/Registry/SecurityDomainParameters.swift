/// The content of C9 when a security domain is installed (GlobalPlatform UICC Configuration, 4.3.2): tags 81 to 87.
public struct SecurityDomainParameters: Hashable, Sendable {
    /// One 81 each.
    public var secureChannels: [SecureChannelProtocol]
    /// 82: which load files and applications may be extradited to it.
    public var acceptsExtraditionHere: [UInt8]?
    /// 83: which deletions it accepts.
    public var acceptsDeletion: [UInt8]?
    /// 84, empty: PERSONALIZED as soon as it has its keys.
    public var personalizesItself: Bool
    /// 86: capabilities of a controlling authority security domain.
    public var controllingAuthority: [UInt8]?
    /// 87: which extraditions away from it are accepted.
    public var acceptsExtraditionAway: [UInt8]?
    public var other: [TLV]

    public init(secureChannels: [SecureChannelProtocol], acceptsExtraditionHere: [UInt8]? = nil, acceptsDeletion: [UInt8]? = nil,
                personalizesItself: Bool = false, controllingAuthority: [UInt8]? = nil, acceptsExtraditionAway: [UInt8]? = nil, other: [TLV] = []) {
        self.secureChannels = secureChannels
        self.acceptsExtraditionHere = acceptsExtraditionHere
        self.acceptsDeletion = acceptsDeletion
        self.personalizesItself = personalizesItself
        self.controllingAuthority = controllingAuthority
        self.acceptsExtraditionAway = acceptsExtraditionAway
        self.other = other
    }

    /// Reads the value of C9.
    public init(parsing bytes: [UInt8]) throws(FormatError) {
        let structure = "security domain parameters"
        self.init(secureChannels: [])
        for object in try TLV.read(bytes, structure, "C9") {
            switch object.tag {
            case 0x81:
                guard object.value.count == 2 else { throw FormatError(.data, structure, "81", "protocol and option were expected") }
                secureChannels.append(SecureChannelProtocol(identifier: object.value[0], option: object.value[1]))
            case 0x82: acceptsExtraditionHere = object.value
            case 0x83: acceptsDeletion = object.value
            case 0x84: personalizesItself = true
            case 0x86: controllingAuthority = object.value
            case 0x87: acceptsExtraditionAway = object.value
            default: other.append(object)
            }
        }
    }

    /// The value of C9, in ascending order of tags.
    public var bytes: [UInt8] {
        var objects = secureChannels.map { TLV(0x81, [$0.identifier, $0.option]) }
        if let acceptsExtraditionHere { objects.append(TLV(0x82, acceptsExtraditionHere)) }
        if let acceptsDeletion { objects.append(TLV(0x83, acceptsDeletion)) }
        if personalizesItself { objects.append(TLV(0x84)) }
        if let controllingAuthority { objects.append(TLV(0x86, controllingAuthority)) }
        if let acceptsExtraditionAway { objects.append(TLV(0x87, acceptsExtraditionAway)) }
        return (objects + other).bytes
    }
}

/// A secure channel protocol and its option `i`, as cards and parameters name them: (03, 70).
public struct SecureChannelProtocol: Hashable, Sendable, CustomStringConvertible {
    public var identifier: UInt8
    public var option: UInt8

    public init(identifier: UInt8, option: UInt8) {
        self.identifier = identifier
        self.option = option
    }

    /// b5 of i: the card's challenge is pseudo-random, so a host that knows the sequence counter can foresee it.
    public var hasPseudoRandomChallenge: Bool { identifier == 0x03 && option & 0x10 != 0 }
    public var hasResponseMAC: Bool { identifier == 0x03 && option & 0x20 != 0 }
    public var hasResponseEncryption: Bool { identifier == 0x03 && option & 0x60 == 0x60 }
    /// b1 of i: sixteen-byte challenges, cryptograms and MACs (Amendment D 1.2).
    public var hasSixteenByteMode: Bool { identifier == 0x03 && option & 0x01 != 0 }

    public var description: String { "SCP\(Hex.encodeUpperCase([identifier])) i=\(Hex.encodeUpperCase([option]))" }
}
