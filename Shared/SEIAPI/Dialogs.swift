import GlobalPlatform
import KeyVaultAPI

extension SEI {
    /// Quotas of a new security domain in bytes; nil: the issuer's default.
    public struct Quotas: Codable, Sendable, Hashable {
        public var nonVolatile: Int?
        public var volatile: Int?

        public init(nonVolatile: Int?, volatile: Int?) {
            self.nonVolatile = nonVolatile
            self.volatile = volatile
        }
    }

    /// One access rule (GPD_SPE_013): the device app may or may not reach the application.
    public struct AccessRule: Codable, Sendable, Hashable {
        public var aid: AID
        /// Hash of the app's certificate, 20 or 32 bytes; nil: any app.
        public var deviceAppId: HexBytes?
        public var apdu: Bool
        public var nfc: Bool

        public init(aid: AID, deviceAppId: HexBytes?, apdu: Bool, nfc: Bool) {
            self.aid = aid
            self.deviceAppId = deviceAppId
            self.apdu = apdu
            self.nfc = nfc
        }
    }

    /// What the SP TSM asks the issuer to do in one session with the ISD. Every session ends with a proof (GET STATUS under R-MAC).
    public enum Operation: Codable, Sendable, Hashable {
        /// Security domain with AuthorizedManagement and TrustedPath, first keys made by the issuer (mode 3,
        /// BASIC_RANDOM_CREATE) and handed over wrapped under `transportKeyIndex`. The issuer writes the rule that lets
        /// `deviceAppIds` reach the new domain.
        case createSecurityDomain(aid: AID, quotas: Quotas, transportKeyIndex: String, keyVersionNumber: UInt8, deviceAppIds: [HexBytes])
        /// Where new domains inherit the ISD's keys (`SecureComponent.firstKeys`): PUT KEY of the domain's first keys, in a session with the domain
        /// selected under the ISD's keys. The only operation of its session, which is the one right after that of `createSecurityDomain`; with several
        /// new domains one session each, in their order.
        case putFirstKeys(aid: AID)
        /// DELETE with related objects; succeeds if the domain is not there. Only the caller's own domains.
        case deleteSecurityDomain(aid: AID)
        case addAccessRules([AccessRule])
        case removeAccessRules([AccessRule])
        /// GET STATUS of exactly this AID: what the card really holds.
        case status(aid: AID)
    }

    /// Opens the one dialog that a secure component may have (`dialogOpen` otherwise).
    public struct DialogRequest: Codable, Sendable, Hashable {
        public var secureComponentId: String
        /// The SP TSM's process, for both logs.
        public var process: String
        /// A fresh reading of the ISD's counter (not yet incremented) makes the sessions predicted; nil: the issuer waits for the
        /// card's challenge, session by session.
        public var sequenceCounter: HexBytes?
        /// Operations by session, in order. Predicted sessions run in one order, with sessions of the SP TSM between them.
        public var sessions: [[Operation]]

        public init(secureComponentId: String, process: String, sequenceCounter: HexBytes?, sessions: [[Operation]]) {
            self.secureComponentId = secureComponentId
            self.process = process
            self.sequenceCounter = sequenceCounter
            self.sessions = sessions
        }
    }

    public enum SessionStatus: String, Codable, Sendable {
        /// Its script is known (predicted: complete; random: SELECT and INITIALIZE UPDATE, then the rest) and not yet reported.
        case ready
        /// Waits for an earlier session.
        case waiting
        case verified
        case failed
    }

    /// Part of a script that has a name people understand.
    public struct Step: Codable, Sendable, Hashable {
        public var name: String
        /// Index of its first C-APDU in the script.
        public var first: Int
        public var count: Int

        public init(name: String, first: Int, count: Int) {
            self.name = name
            self.first = first
            self.count = count
        }
    }

    public struct Session: Codable, Sendable, Hashable {
        public var status: SessionStatus
        /// C-APDUs to relay next, opaque: first element SELECT of the ISD (for `putFirstKeys`: of the new domain) where the session begins. Empty when there is nothing to send.
        public var commands: [HexBytes]
        public var steps: [Step]
        /// For `.status` operations of a verified session: what the card holds.
        public var registry: [HexBytes]
        /// False where a verified session relies on a deletion or absence that was only reported, although the component signs its answers:
        /// whoever relays may have made it up, so nothing must be destroyed on the strength of it.
        public var proven: Bool

        public init(status: SessionStatus, commands: [HexBytes], steps: [Step], registry: [HexBytes], proven: Bool = true) {
            self.status = status
            self.commands = commands
            self.steps = steps
            self.registry = registry
            self.proven = proven
        }

        public init(from decoder: any Decoder) throws {
            let keys = try decoder.container(keyedBy: CodingKeys.self)
            status = try keys.decode(SessionStatus.self, forKey: .status)
            commands = try keys.decode([HexBytes].self, forKey: .commands)
            steps = try keys.decode([Step].self, forKey: .steps)
            registry = try keys.decode([HexBytes].self, forKey: .registry)
            // An issuer that does not know the member says nothing of it.
            proven = try keys.decodeIfPresent(Bool.self, forKey: .proven) ?? true
        }
    }

    /// First keys of a domain that this dialog creates, wrapped for the SP TSM. Given out at once: the SP TSM needs them for its
    /// predicted script; they stay worthless until the session that stores them is verified.
    public struct FirstKeySet: Codable, Sendable, Hashable {
        public var securityDomain: AID
        public var keySet: WrappedKeySet

        public init(securityDomain: AID, keySet: WrappedKeySet) {
            self.securityDomain = securityDomain
            self.keySet = keySet
        }
    }

    public struct Dialog: Codable, Sendable, Hashable {
        public enum Status: String, Codable, Sendable { case open, completed, failed, abandoned }
        public var dialogId: String
        public var status: Status
        public var sessions: [Session]
        public var firstKeySets: [FirstKeySet]
        /// What went wrong: step, status word in words, what to do.
        public var failure: String?
        /// The lease ends then.
        public var expiresAt: String

        public init(dialogId: String, status: Status, sessions: [Session], firstKeySets: [FirstKeySet], failure: String?, expiresAt: String) {
            self.dialogId = dialogId
            self.status = status
            self.sessions = sessions
            self.firstKeySets = firstKeySets
            self.failure = failure
            self.expiresAt = expiresAt
        }
    }

    /// R-APDUs to the `commands` last given for session `session`; fewer where the order stopped.
    public struct SessionResults: Codable, Sendable, Hashable {
        public var session: Int
        public var responses: [HexBytes]
        /// Results of later predicted sessions that ran in the same order: they are taken as if each had been reported on its own, for as long as
        /// the sessions before them verify. An issuer that does not know the member ignores it; what its answer then still shows as `ready` with
        /// the same script is reported on its own.
        public var following: [FollowingResults]?

        public init(session: Int, responses: [HexBytes], following: [FollowingResults]? = nil) {
            self.session = session
            self.responses = responses
            self.following = following
        }
    }

    /// Results of one session that came with those of an earlier one.
    public struct FollowingResults: Codable, Sendable, Hashable {
        public var session: Int
        public var responses: [HexBytes]

        public init(session: Int, responses: [HexBytes]) {
            self.session = session
            self.responses = responses
        }
    }
}
