import Cryptography

/// Why the card's end refuses a command, and the status word that it must answer.
public struct SCP03Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    public let statusWord: StatusWord
    public let reason: String

    public var description: String { "\(statusWord): \(reason)" }
}

/// The card's end of an SCP03 session (Amendment D): from INITIALIZE UPDATE until an error of security, or the next INITIALIZE UPDATE.
///
/// Which commands pass outside of secure messaging (SELECT, MANAGE CHANNEL, INITIALIZE UPDATE itself) is the card's decision, not the session's.
public struct SCP03CardSession: Sendable {
    private enum Phase: Sendable { case initialized, authenticated, aborted }

    /// What INITIALIZE UPDATE is answered.
    public let initializeUpdateResponse: InitializeUpdateResponse
    private let hostChallenge: [UInt8]
    private let keys: SCP03SessionKeys
    private var messaging: SecureMessaging
    private var phase = Phase.initialized
    private var macChainingValue = [UInt8](repeating: 0, count: 16)
    private var counter: UInt64 = 0

    /// Answers INITIALIZE UPDATE.
    /// - Parameters:
    ///   - sequenceCounter: of this key set, advanced for this session and made durable by the caller; used with pseudo-random challenges only.
    ///   - securityDomain: the AID of the security domain that is selected.
    ///   - random: used with random challenges only.
    /// - Throws: `hostChallengeLength` (the card answers 6700), `keyDiversificationDataLength`, `cryptography`.
    public init(
        staticKeys: SCP03StaticKeys, keyVersionNumber: UInt8, parameter: SCP03Parameter, keyDiversificationData: [UInt8],
        hostChallenge: [UInt8], sequenceCounter: SequenceCounter, securityDomain: AID, random: some RandomSource
    ) throws(SCP03Error) {
        let challenge: [UInt8]
        if parameter.hasPseudoRandomChallenge {
            challenge = try SCP03KeyDerivation.pseudoRandomCardChallenge(
                keyEnc: staticKeys.enc, sequenceCounter: sequenceCounter, securityDomain: securityDomain, parameter: parameter)
        } else {
            challenge = try SCP03Error.wrapping { () throws(CryptographyError) in try random.bytes(parameter.challengeLength) }
        }
        try self.init(
            staticKeys: staticKeys, keyVersionNumber: keyVersionNumber, parameter: parameter, keyDiversificationData: keyDiversificationData,
            hostChallenge: hostChallenge, cardChallenge: challenge, sequenceCounter: parameter.hasPseudoRandomChallenge ? sequenceCounter : nil)
    }

    /// With a challenge that is fixed already.
    init(
        staticKeys: SCP03StaticKeys, keyVersionNumber: UInt8, parameter: SCP03Parameter, keyDiversificationData: [UInt8],
        hostChallenge: [UInt8], cardChallenge: [UInt8], sequenceCounter: SequenceCounter?
    ) throws(SCP03Error) {
        guard hostChallenge.count == parameter.challengeLength else {
            throw .hostChallengeLength(expected: parameter.challengeLength, actual: hostChallenge.count)
        }
        guard keyDiversificationData.count == 10 else { throw .keyDiversificationDataLength(keyDiversificationData.count) }
        let keys = try SCP03KeyDerivation.sessionKeys(staticKeys, hostChallenge: hostChallenge, cardChallenge: cardChallenge)
        let (messaging, cryptogram) = try SCP03Error.wrapping { () throws(CryptographyError) in
            let messaging = try SecureMessaging(keys: keys, level: [], parameter: parameter)
            return (messaging, try SCP03KeyDerivation.cryptogram(
                .cardCryptogram, sessionMac: messaging.commandMAC, hostChallenge: hostChallenge, cardChallenge: cardChallenge, parameter: parameter))
        }
        self.keys = keys
        self.messaging = messaging
        self.hostChallenge = hostChallenge
        initializeUpdateResponse = InitializeUpdateResponse(
            keyDiversificationData: keyDiversificationData, keyVersionNumber: keyVersionNumber, parameter: parameter,
            cardChallenge: cardChallenge, cardCryptogram: cryptogram, sequenceCounter: sequenceCounter)
    }

    /// The level that EXTERNAL AUTHENTICATE has set; nil before it, and after the session was aborted.
    public var level: SecurityLevel? { phase == .authenticated ? messaging.level : nil }

    public var parameter: SCP03Parameter { messaging.parameter }

    /// Verifies EXTERNAL AUTHENTICATE. Success is answered by 9000 alone.
    /// - Throws: 6300 for a wrong host cryptogram, 6982 for a wrong C-MAC or out of turn, 6700, 6A86. The session is over then.
    public mutating func externalAuthenticate(_ command: CommandAPDU) throws(SCP03Refusal) {
        let wasInitialized = phase == .initialized
        phase = .aborted
        guard wasInitialized else { throw refusal(.securityStatusNotSatisfied, "EXTERNAL AUTHENTICATE without INITIALIZE UPDATE before it") }
        guard command.isSecureMessaging else { throw refusal(.securityStatusNotSatisfied, "EXTERNAL AUTHENTICATE without a C-MAC") }
        let level = SecurityLevel(rawValue: command.p1)
        guard level.isOffered(by: parameter), command.p2 == 0 else { throw refusal(.incorrectP1P2, "security level \(level) is not offered") }
        guard command.data.count == parameter.challengeLength + parameter.macLength else {
            throw refusal(.wrongLength, "EXTERNAL AUTHENTICATE with \(command.data.count) bytes")
        }
        let cryptogram = try compute { () throws(CryptographyError) in
            try SCP03KeyDerivation.cryptogram(
                .hostCryptogram, sessionMac: messaging.commandMAC, hostChallenge: hostChallenge, cardChallenge: initializeUpdateResponse.cardChallenge,
                parameter: parameter)
        }
        guard constantTimeEqual(cryptogram, command.data.prefix(parameter.challengeLength)) else {
            throw refusal(.authenticationFailed, "the host cryptogram is wrong")
        }
        try verifyMAC(of: command)
        let current = messaging.parameter
        messaging = try compute { () throws(CryptographyError) in try SecureMessaging(keys: keys, level: level, parameter: current) }
        phase = .authenticated
    }

    /// The plain command: C-MAC verified and removed, data decrypted, secure messaging cleared in the class byte, logical channel kept.
    /// - Throws: 6982 for a missing or wrong C-MAC or padding, whereupon the session is over; 6882 for secure messaging at level 00.
    public mutating func unwrap(_ command: CommandAPDU) throws(SCP03Refusal) -> CommandAPDU {
        guard phase == .authenticated else { throw refusal(.securityStatusNotSatisfied, "no secure channel session is open") }
        let level = messaging.level
        guard level.contains(.commandMAC) else {
            guard !command.isSecureMessaging else { throw refusal(.secureMessagingNotSupported, "secure messaging at level 00") }
            counter += 1
            return command
        }
        // Set again below: whatever throws from here on ends the session.
        phase = .aborted
        guard command.isSecureMessaging, (parameter.macLength...255).contains(command.data.count) else {
            throw refusal(.securityStatusNotSatisfied, "a command without C-MAC at level \(level)")
        }
        try verifyMAC(of: command)
        counter += 1
        var plain = command.withSecureMessaging(false)
        plain.data.removeLast(parameter.macLength)
        if level.contains(.commandDecryption), !plain.data.isEmpty {
            let data = plain.data
            let decrypted = try compute { () throws(CryptographyError) in try messaging.decrypt(data, counter: counter, isResponse: false) }
            guard let decrypted else { throw refusal(.securityStatusNotSatisfied, "the data is not encrypted and padded as it must be") }
            plain.data = decrypted
        }
        phase = .authenticated
        return plain
    }

    /// The response to the command unwrapped last, as the level asks for. An error status word goes bare, and loses what data it had.
    /// - Throws: 6F00 when the cryptography fails.
    public func wrap(_ response: ResponseAPDU) throws(SCP03Refusal) -> ResponseAPDU {
        guard phase == .authenticated, messaging.level.contains(.responseMAC) else { return response }
        let status = response.statusWord
        guard status.isSuccess || status.isWarning else { return ResponseAPDU(data: [], statusWord: status) }
        return try compute { () throws(CryptographyError) in
            var data = response.data
            if messaging.level.contains(.responseEncryption), !data.isEmpty {
                data = try messaging.encryptResponse(data, counter: counter)
            }
            let mac = try messaging.responseMAC(data: data, statusWord: status, macChainingValue: macChainingValue)
            return ResponseAPDU(data: data + mac, statusWord: status)
        }
    }

    private mutating func verifyMAC(of command: CommandAPDU) throws(SCP03Refusal) {
        let value = macChainingValue
        let mac = try compute { () throws(CryptographyError) in try messaging.expectedMAC(of: command, macChainingValue: value) }
        guard constantTimeEqual(mac.prefix(parameter.macLength), command.data.suffix(parameter.macLength)) else {
            throw refusal(.securityStatusNotSatisfied, "the C-MAC is wrong")
        }
        macChainingValue = mac
    }

    private func compute<Result>(_ body: () throws(CryptographyError) -> Result) throws(SCP03Refusal) -> Result {
        do { return try body() } catch { throw SCP03Refusal(statusWord: .uncaughtException, reason: error.description) }
    }

    private func refusal(_ statusWord: StatusWord, _ reason: String) -> SCP03Refusal { SCP03Refusal(statusWord: statusWord, reason: reason) }
}
