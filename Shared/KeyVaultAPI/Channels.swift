import GlobalPlatform

/// A plain card command to be wrapped; keys in it are directives whose bytes only the vault can build.
public enum ChannelCommand: Codable, Sendable, Hashable {
    /// A plain C-APDU in hex (CLA 80 or 00, no secure messaging bit).
    case apdu(HexBytes)
    /// PUT KEY of a stored key set under `keyVersionNumber`; `replacing` nil adds, else replaces that version.
    case putKey(keySetId: String, keyVersionNumber: UInt8, replacing: UInt8?)
    /// First keys of a new security domain: STORE DATA of DGI 00B9 and 8113 for each key (after INSTALL [for personalization]).
    /// Becomes several C-APDUs.
    case storeFirstKeys(keySetId: String, keyVersionNumber: UInt8)
    /// The TR's attestation token, built and signed for this script, as STORE DATA in BER-TLV (TR-03165 Appendix A.1; after
    /// INSTALL [for personalization]). Becomes one or more C-APDUs. An `attestationToken` operation of its own: same check, same line in the audit log.
    case storeAttestationToken(AttestationTokenRequest)
    /// STORE DATA with parts that the vault encrypts under the channel's DEK, in place: AES-CBC from an initial value of zero, each part by itself
    /// (Amendment D, 6.2.8). Only for an application, so after INSTALL [for personalization] in the same call: keys of a domain come by the
    /// directives above.
    case storeEncrypted(apdu: HexBytes, parts: [DataPart])
}

/// Bytes of a command's data.
public struct DataPart: Codable, Sendable, Hashable {
    public var offset: Int
    /// Whole blocks of 16.
    public var count: Int

    public init(offset: Int, count: Int) {
        self.offset = offset
        self.count = count
    }
}

/// How the host learns the card challenge (design section 4: predictable or random).
public enum ChannelMode: Codable, Sendable, Hashable {
    /// Pseudo-random card challenge: everything is wrapped before the card has answered. `sequenceCounter` is the value the
    /// card will use, that is already incremented: three bytes.
    case predicted(sequenceCounter: HexBytes)
    /// Wait for the answer to INITIALIZE UPDATE.
    case challenge
}

public struct OpenChannelRequest: Codable, Sendable, Hashable {
    public var keys: KeyReference
    /// Key version number for INITIALIZE UPDATE; never 0.
    public var keyVersionNumber: UInt8
    public var securityDomain: AID
    /// SCP03 parameter `i`.
    public var scpParameter: UInt8
    /// At least 03.
    public var securityLevel: UInt8
    public var mode: ChannelMode
    /// Process the channel belongs to: goes into the audit log.
    public var process: String
    /// Only with `.predicted`.
    public var commands: [ChannelCommand]

    public init(keys: KeyReference, keyVersionNumber: UInt8, securityDomain: AID, scpParameter: UInt8, securityLevel: UInt8,
                mode: ChannelMode, process: String, commands: [ChannelCommand]) {
        self.keys = keys
        self.keyVersionNumber = keyVersionNumber
        self.securityDomain = securityDomain
        self.scpParameter = scpParameter
        self.securityLevel = securityLevel
        self.mode = mode
        self.process = process
        self.commands = commands
    }
}

/// Wrapped bytes ready for the card. `wrapped[k]` are the C-APDUs of command k of all commands given so far in this call.
public struct ChannelScript: Codable, Sendable, Hashable {
    public var channelId: String
    /// Present when opened.
    public var initializeUpdate: HexBytes?
    /// Present once the card challenge is known or predicted.
    public var externalAuthenticate: HexBytes?
    public var wrapped: [[HexBytes]]

    public init(channelId: String, initializeUpdate: HexBytes?, externalAuthenticate: HexBytes?, wrapped: [[HexBytes]]) {
        self.channelId = channelId
        self.initializeUpdate = initializeUpdate
        self.externalAuthenticate = externalAuthenticate
        self.wrapped = wrapped
    }
}

/// Second half of a `.challenge` channel: the card's answer to INITIALIZE UPDATE (with status word), then the commands.
/// Fails with `cardCryptogramMismatch` and closes the channel if the card does not hold the keys.
public struct AuthenticateChannelRequest: Codable, Sendable, Hashable {
    public var initializeUpdateResponse: HexBytes
    public var commands: [ChannelCommand]

    public init(initializeUpdateResponse: HexBytes, commands: [ChannelCommand]) {
        self.initializeUpdateResponse = initializeUpdateResponse
        self.commands = commands
    }
}

public struct ContinueChannelRequest: Codable, Sendable, Hashable {
    public var commands: [ChannelCommand]
    public init(commands: [ChannelCommand]) { self.commands = commands }
}

/// Verifies what the card answered to everything that was wrapped since the last report of this channel, in order.
public struct ChannelReport: Codable, Sendable, Hashable {
    /// With status word; required for a predicted channel's first report, absent otherwise.
    public var initializeUpdateResponse: HexBytes?
    /// With status word; required in the first report.
    public var externalAuthenticateResponse: HexBytes?
    /// R-APDUs of the wrapped C-APDUs, flat, in order; fewer than sent where the order stopped.
    public var responses: [HexBytes]

    public init(initializeUpdateResponse: HexBytes?, externalAuthenticateResponse: HexBytes?, responses: [HexBytes]) {
        self.initializeUpdateResponse = initializeUpdateResponse
        self.externalAuthenticateResponse = externalAuthenticateResponse
        self.responses = responses
    }
}

public struct VerifiedResponse: Codable, Sendable, Hashable {
    public var statusWord: UInt16
    /// Plain response data, R-MAC removed, decrypted.
    public var data: HexBytes
    /// True if an R-MAC covered it and verified. Error status words come bare and are never proven.
    public var proven: Bool

    public init(statusWord: UInt16, data: HexBytes, proven: Bool) {
        self.statusWord = statusWord
        self.data = data
        self.proven = proven
    }
}

public struct VerifiedReport: Codable, Sendable, Hashable {
    public enum Outcome: String, Codable, Sendable {
        /// Card cryptogram right, host accepted, every R-MAC right, every command answered with a continuing status word.
        case complete
        /// Card cryptogram right, but the card challenge was not the predicted one: nothing after INITIALIZE UPDATE took effect.
        case challengeMismatch
        /// The card does not hold the keys.
        case cardCryptogramMismatch
        /// EXTERNAL AUTHENTICATE was refused.
        case authenticationRefused
        /// An R-MAC is missing or wrong: all from there on is unproven.
        case responseMACMismatch
        /// The last response is an error status word (`responses.last`), or the report is shorter than the script.
        case stopped
    }
    public var outcome: Outcome
    /// The card's sequence counter as its INITIALIZE UPDATE response told it (proven by the card cryptogram), three bytes.
    public var sequenceCounter: HexBytes?
    public var responses: [VerifiedResponse]

    public init(outcome: Outcome, sequenceCounter: HexBytes?, responses: [VerifiedResponse]) {
        self.outcome = outcome
        self.sequenceCounter = sequenceCounter
        self.responses = responses
    }
}

/// A host challenge of the vault's own, for verifying a card's cryptogram without opening a channel.
public struct HostChallenge: Codable, Sendable, Hashable {
    public var challengeId: String
    /// Complete INITIALIZE UPDATE C-APDU.
    public var initializeUpdate: HexBytes

    public init(challengeId: String, initializeUpdate: HexBytes) {
        self.challengeId = challengeId
        self.initializeUpdate = initializeUpdate
    }
}

public struct HostChallengeRequest: Codable, Sendable, Hashable {
    public var keyVersionNumber: UInt8
    /// 8, or 16 for S16.
    public var length: Int

    public init(keyVersionNumber: UInt8, length: Int = 8) {
        self.keyVersionNumber = keyVersionNumber
        self.length = length
    }
}

/// A challenge serves once.
public struct VerifyCryptogramRequest: Codable, Sendable, Hashable {
    public var challengeId: String
    public var initializeUpdateResponse: HexBytes
    public var securityDomain: AID
    public var candidates: [KeyReference]

    public init(challengeId: String, initializeUpdateResponse: HexBytes, securityDomain: AID, candidates: [KeyReference]) {
        self.challengeId = challengeId
        self.initializeUpdateResponse = initializeUpdateResponse
        self.securityDomain = securityDomain
        self.candidates = candidates
    }
}

public struct VerifyCryptogramAnswer: Codable, Sendable, Hashable {
    /// The first candidate whose keys made the cryptogram; nil: none.
    public var matched: KeyReference?
    public var keyVersionNumber: UInt8
    public var scpParameter: UInt8
    public var keyDiversificationData: HexBytes
    /// Where the card's challenges are pseudo-random: the counter that made this one, proven by recomputing it.
    public var sequenceCounter: HexBytes?

    public init(matched: KeyReference?, keyVersionNumber: UInt8, scpParameter: UInt8, keyDiversificationData: HexBytes, sequenceCounter: HexBytes?) {
        self.matched = matched
        self.keyVersionNumber = keyVersionNumber
        self.scpParameter = scpParameter
        self.keyDiversificationData = keyDiversificationData
        self.sequenceCounter = sequenceCounter
    }
}
