import GlobalPlatform
import KeyVaultAPI
import SEIAPI

/// A secure component of the inventory: what was entered, and what was proven since.
public struct Component: Codable, Sendable, Hashable {
    /// hex(IIN ‖ CIN).
    public var id: String
    public var issuerIdentificationNumber: HexBytes
    public var cardImageNumber: HexBytes
    public var profileId: String
    public var issuerSecurityDomain: AID
    public var keyVersionNumber: UInt8
    public var scpParameter: UInt8
    public var keyLength: Int
    public var keyDiversificationData: HexBytes
    public var keys: KeyReference
    public var firstKeys: SEI.FirstKeys
    public var accessRuleApplication: AID?
    public var blocked: Bool
    public var lifeCycle: String?
    /// Counter of the ISD's key set as last proven by a card cryptogram; nil: never, or challenges are random.
    public var sequenceCounter: UInt32?
    /// False after a dialog whose outcome is not known, until a session with the ISD is verified again.
    public var contentKnown: Bool

    public static func id(issuerIdentificationNumber: HexBytes, cardImageNumber: HexBytes) -> String {
        Hex.encode(issuerIdentificationNumber.bytes + cardImageNumber.bytes)
    }

    public var secureChannel: SecureChannelProtocol { SecureChannelProtocol(identifier: 0x03, option: scpParameter) }

    /// The highest level that the component's `i` offers; never below 03 (C-MAC and C-ENC).
    public var securityLevel: UInt8 {
        if secureChannel.hasResponseEncryption { return 0x33 }
        return secureChannel.hasResponseMAC ? 0x13 : 0x03
    }

    /// As SP TSMs see it.
    public var published: SEI.SecureComponent {
        let counter = secureChannel.hasPseudoRandomChallenge ? sequenceCounter.flatMap { SequenceCounter($0) }.map { HexBytes($0.bytes) } : nil
        return SEI.SecureComponent(
            id: id, profileId: profileId, issuerSecurityDomain: issuerSecurityDomain, keyVersionNumber: keyVersionNumber,
            scpParameter: scpParameter, keyLength: keyLength, keyDiversificationData: keyDiversificationData, sequenceCounter: counter,
            firstKeys: firstKeys, accessRuleApplication: accessRuleApplication, blocked: blocked)
    }

    /// Whether the operator's data is the same; what was proven since does not count.
    func describesSame(as other: Component) -> Bool {
        var left = self
        var right = other
        left.sequenceCounter = nil
        right.sequenceCounter = nil
        left.contentKnown = true
        right.contentKnown = true
        return left == right
    }
}
