import GlobalPlatform

extension SEI {
    /// A component as a handset names it, before anything is proven.
    public struct ComponentClaim: Codable, Sendable, Hashable {
        /// GP tags 42 and 45, values only.
        public var issuerIdentificationNumber: HexBytes?
        public var cardImageNumber: HexBytes?

        public init(issuerIdentificationNumber: HexBytes?, cardImageNumber: HexBytes?) {
            self.issuerIdentificationNumber = issuerIdentificationNumber
            self.cardImageNumber = cardImageNumber
        }
    }

    public struct EligibilityRequest: Codable, Sendable, Hashable {
        public var claim: ComponentClaim
        public init(claim: ComponentClaim) { self.claim = claim }
    }

    /// What to run on the component: SELECT ISD, keyless reads, INITIALIZE UPDATE with the issuer's host challenge.
    public struct EligibilityChallenge: Codable, Sendable, Hashable {
        public var eligibilityId: String
        public var issuerSecurityDomain: AID
        /// C-APDUs in the order in which their R-APDUs come back as evidence.
        public var commands: [HexBytes]
        public var expiresAt: String

        public init(eligibilityId: String, issuerSecurityDomain: AID, commands: [HexBytes], expiresAt: String) {
            self.eligibilityId = eligibilityId
            self.issuerSecurityDomain = issuerSecurityDomain
            self.commands = commands
            self.expiresAt = expiresAt
        }
    }

    /// R-APDUs, one per command of the challenge. A GET DATA may have been answered by an error status word (6A88).
    public struct Evidence: Codable, Sendable, Hashable {
        public var responses: [HexBytes]
        public init(responses: [HexBytes]) { self.responses = responses }
    }

    public struct EligibilityVerdict: Codable, Sendable, Hashable {
        public var eligible: Bool
        /// For people, where not eligible.
        public var reason: String?
        /// Present once the card's cryptogram is proven, eligible or not.
        public var secureComponent: SecureComponent?

        public init(eligible: Bool, reason: String?, secureComponent: SecureComponent?) {
            self.eligible = eligible
            self.reason = reason
            self.secureComponent = secureComponent
        }
    }

    /// How the first keys come into a new security domain (profile data; design section 4).
    public enum FirstKeys: String, Codable, Sendable, CaseIterable { case storeData, inherited }

    /// A component of the issuer's inventory, proven by its cryptogram.
    public struct SecureComponent: Codable, Sendable, Hashable {
        /// The issuer's ID of the component, stable for its life.
        public var id: String
        public var profileId: String
        public var issuerSecurityDomain: AID
        /// Key version number of the ISD's keys.
        public var keyVersionNumber: UInt8
        /// SCP03 `i` of ISD and new security domains.
        public var scpParameter: UInt8
        /// AES key length in bytes that new security domains use.
        public var keyLength: Int
        public var keyDiversificationData: HexBytes
        /// Counter of the ISD's key set as last proven; nil where challenges are random.
        public var sequenceCounter: HexBytes?
        public var firstKeys: FirstKeys
        /// AID of the access rule application (ARA-M); nil: the component enforces none.
        public var accessRuleApplication: AID?
        public var blocked: Bool

        public init(id: String, profileId: String, issuerSecurityDomain: AID, keyVersionNumber: UInt8, scpParameter: UInt8, keyLength: Int,
                    keyDiversificationData: HexBytes, sequenceCounter: HexBytes?, firstKeys: FirstKeys, accessRuleApplication: AID?, blocked: Bool) {
            self.id = id
            self.profileId = profileId
            self.issuerSecurityDomain = issuerSecurityDomain
            self.keyVersionNumber = keyVersionNumber
            self.scpParameter = scpParameter
            self.keyLength = keyLength
            self.keyDiversificationData = keyDiversificationData
            self.sequenceCounter = sequenceCounter
            self.firstKeys = firstKeys
            self.accessRuleApplication = accessRuleApplication
            self.blocked = blocked
        }
    }
}
