import Cryptography

/// The off-card end of an SCP03 session (Amendment D).
///
/// Wraps commands in the order in which the card will execute them and unwraps the responses in that order, be it one by one or a
/// whole report later. With a pseudo-random challenge it can be computed before the card has said anything.
public struct SCP03HostSession: Sendable {
    private let messaging: SecureMessaging
    private var state: State

    /// After the card's answer; verifies its cryptogram.
    /// - Parameter keyVersionNumber: what INITIALIZE UPDATE asked for; 0 accepts the card's choice.
    /// - Throws: `cardCryptogramMismatch` when the card does not hold these keys.
    public init(
        staticKeys: SCP03StaticKeys, level: SecurityLevel, keyVersionNumber: UInt8 = 0, hostChallenge: [UInt8], response: InitializeUpdateResponse
    ) throws(SCP03Error) {
        guard keyVersionNumber == 0 || keyVersionNumber == response.keyVersionNumber else {
            throw .keyVersionMismatch(expected: keyVersionNumber, actual: response.keyVersionNumber)
        }
        try self.init(
            staticKeys: staticKeys,
            state: State(
                parameter: response.parameter, level: level, keyVersionNumber: response.keyVersionNumber, hostChallenge: hostChallenge,
                cardChallenge: response.cardChallenge, sequenceCounter: response.sequenceCounter))
        try verify(response)
    }

    /// Before the card's answer, from what it will be. `verify` the answer once it is there.
    /// - Parameters:
    ///   - sequenceCounter: the counter after this INITIALIZE UPDATE, that is, the last known one's `next`.
    ///   - securityDomain: the AID of the security domain that is selected.
    /// - Throws: `challengeNotPredictable` when the card draws its challenge at random.
    public init(
        predicting staticKeys: SCP03StaticKeys, level: SecurityLevel, parameter: SCP03Parameter, keyVersionNumber: UInt8,
        hostChallenge: [UInt8], sequenceCounter: SequenceCounter, securityDomain: AID
    ) throws(SCP03Error) {
        guard parameter.hasPseudoRandomChallenge else { throw .challengeNotPredictable(parameter) }
        let challenge = try SCP03KeyDerivation.pseudoRandomCardChallenge(
            keyEnc: staticKeys.enc, sequenceCounter: sequenceCounter, securityDomain: securityDomain, parameter: parameter)
        try self.init(
            staticKeys: staticKeys,
            state: State(
                parameter: parameter, level: level, keyVersionNumber: keyVersionNumber, hostChallenge: hostChallenge, cardChallenge: challenge,
                sequenceCounter: sequenceCounter))
    }

    /// From what was stored of a session: the keys are derived anew.
    public init(resuming state: State, staticKeys: SCP03StaticKeys) throws(SCP03Error) {
        try self.init(staticKeys: staticKeys, state: state)
    }

    private init(staticKeys: SCP03StaticKeys, state: State) throws(SCP03Error) {
        try state.check()
        let keys = try SCP03KeyDerivation.sessionKeys(staticKeys, hostChallenge: state.hostChallenge, cardChallenge: state.cardChallenge)
        messaging = try SCP03Error.wrapping { () throws(CryptographyError) in
            try SecureMessaging(keys: keys, level: state.level, parameter: state.parameter)
        }
        self.state = state
    }

    public var level: SecurityLevel { state.level }
    public var parameter: SCP03Parameter { state.parameter }
    public var hostChallenge: [UInt8] { state.hostChallenge }
    public var cardChallenge: [UInt8] { state.cardChallenge }

    /// The most data that a command given to `wrap` may carry.
    public var maximumPayload: Int { state.level.maximumPayload(state.parameter) }

    /// Whether the card's cryptogram has been verified.
    public var isCardVerified: Bool { state.isCardVerified }

    /// What `unwrap` expects responses to, oldest first.
    public var pendingResponses: [ResponseKey] { state.pendingResponses }

    /// Everything needed to go on after a restart, but for the static keys. Holds no key.
    public var exportedState: State { state }

    /// `80 50 kvn 00`: begins a session; kvn 0 leaves the choice to the card.
    public static func initializeUpdate(kvn: UInt8, hostChallenge: [UInt8]) -> CommandAPDU {
        CommandAPDU(cla: 0x80, ins: 0x50, p1: kvn, p2: 0, data: hostChallenge, expectedLength: 256)
    }

    /// Whether a card with these keys gave this answer to this challenge: the proof that the card is genuine.
    public static func verifies(_ response: InitializeUpdateResponse, hostChallenge: [UInt8], staticKeys: SCP03StaticKeys) throws(SCP03Error) -> Bool {
        guard hostChallenge.count == response.parameter.challengeLength else {
            throw .hostChallengeLength(expected: response.parameter.challengeLength, actual: hostChallenge.count)
        }
        let keys = try SCP03KeyDerivation.sessionKeys(staticKeys, hostChallenge: hostChallenge, cardChallenge: response.cardChallenge)
        let expected = try SCP03Error.wrapping { () throws(CryptographyError) in
            try SCP03KeyDerivation.cryptogram(
                .cardCryptogram, sessionMac: try AESCMAC(key: keys.mac), hostChallenge: hostChallenge, cardChallenge: response.cardChallenge,
                parameter: response.parameter)
        }
        return constantTimeEqual(expected, response.cardCryptogram)
    }

    /// Verifies the card's answer against this session.
    /// - Throws: `predictionMismatch` when the session was computed for another answer. That answer may be genuine all the same: `verifies` tells.
    ///   `cardCryptogramMismatch` when the card does not hold the keys.
    public mutating func verify(_ response: InitializeUpdateResponse) throws(SCP03Error) {
        guard response.keyVersionNumber == state.keyVersionNumber else {
            throw .keyVersionMismatch(expected: state.keyVersionNumber, actual: response.keyVersionNumber)
        }
        guard response.parameter == state.parameter, response.cardChallenge == state.cardChallenge, response.sequenceCounter == state.sequenceCounter else {
            throw .predictionMismatch(expected: state.sequenceCounter, actual: response.sequenceCounter)
        }
        guard constantTimeEqual(try cryptogram(.cardCryptogram), response.cardCryptogram) else { throw .cardCryptogramMismatch }
        state.isCardVerified = true
    }

    /// The command that authenticates the host and sets the level; the first of the session. Its response is a bare status word.
    public mutating func externalAuthenticate() throws(SCP03Error) -> CommandAPDU {
        guard !state.isStarted else { throw .wrongOrder("EXTERNAL AUTHENTICATE was built already: a session has one") }
        let plain = CommandAPDU(cla: 0x80, ins: 0x82, p1: state.level.rawValue, p2: 0, data: try cryptogram(.hostCryptogram))
        let command = try protect(plain, encrypting: false)
        state.isStarted = true
        return command
    }

    /// The command as the card expects it at the session's level. Its response is due in the same order.
    /// - Parameter addsLe: whether a command without Le gets Le 00 at levels with R-MAC, where every response carries data. No MAC covers
    ///   Le, so a card that wants none can be served as well.
    /// - Throws: `payloadTooLong`, `wrongOrder` before `externalAuthenticate`.
    public mutating func wrap(_ command: CommandAPDU, addsLe: Bool = true) throws(SCP03Error) -> CommandAPDU {
        guard state.isStarted else { throw .wrongOrder("EXTERNAL AUTHENTICATE comes before every other command of a session") }
        guard command.data.count <= maximumPayload else { throw .payloadTooLong(command.data.count, limit: maximumPayload) }
        // Amendment D, 6.2.6: the counter advances with every command, with or without data.
        state.counter += 1
        var wrapped = state.level.contains(.commandMAC) ? try protect(command, encrypting: state.level.contains(.commandDecryption)) : command
        if addsLe, state.level.contains(.responseMAC), wrapped.expectedLength == nil { wrapped.expectedLength = 256 }
        state.pendingResponses.append(ResponseKey(chainingValue: state.chainingValue, counter: state.counter))
        return wrapped
    }

    /// The plain response to the oldest command that has none yet.
    /// - Throws: `noCommandPending`, and what `unwrap(_:for:)` throws; the command counts as answered then, too.
    public mutating func unwrap(_ response: ResponseAPDU) throws(SCP03Error) -> ResponseAPDU {
        guard !state.pendingResponses.isEmpty else { throw .noCommandPending }
        let key = state.pendingResponses.removeFirst()
        return try unwrap(response, for: key)
    }

    /// The plain response to the command with this key: MAC verified and removed, data decrypted.
    /// - Throws: `responseMACMissing`, `responseMACMismatch`, `responsePaddingInvalid`, `dataWithErrorStatus`.
    public func unwrap(_ response: ResponseAPDU, for key: ResponseKey) throws(SCP03Error) -> ResponseAPDU {
        guard level.contains(.responseMAC) else { return response }
        let status = response.statusWord
        guard status.isSuccess || status.isWarning else {
            guard response.data.isEmpty else { throw .dataWithErrorStatus(status) }
            return response
        }
        guard response.data.count >= parameter.macLength else { throw .responseMACMissing(status) }
        let data = Array(response.data.dropLast(parameter.macLength))
        let expected = try SCP03Error.wrapping { () throws(CryptographyError) in
            try messaging.responseMAC(data: data, statusWord: status, macChainingValue: key.macChainingValue)
        }
        guard constantTimeEqual(expected, response.data.suffix(parameter.macLength)) else { throw .responseMACMismatch(status) }
        guard level.contains(.responseEncryption), !data.isEmpty else { return ResponseAPDU(data: data, statusWord: status) }
        let plain = try SCP03Error.wrapping { () throws(CryptographyError) in try messaging.decrypt(data, counter: key.counter, isResponse: true) }
        guard let plain else { throw .responsePaddingInvalid }
        return ResponseAPDU(data: plain, statusWord: status)
    }

    private mutating func protect(_ command: CommandAPDU, encrypting: Bool) throws(SCP03Error) -> CommandAPDU {
        let result: (data: [UInt8], macChainingValue: MACChainingValue)
        do {
            result = try messaging.protect(command, encrypting: encrypting, counter: state.counter, macChainingValue: state.chainingValue)
        } catch {
            throw .cryptography(error)
        }
        state.chainingValue = result.macChainingValue
        var wrapped = command.withSecureMessaging(true)
        wrapped.data = result.data
        return wrapped
    }

    private func cryptogram(_ purpose: SCP03KeyDerivation.Purpose) throws(SCP03Error) -> [UInt8] {
        try SCP03Error.wrapping { () throws(CryptographyError) in
            try SCP03KeyDerivation.cryptogram(
                purpose, sessionMac: messaging.commandMAC, hostChallenge: state.hostChallenge, cardChallenge: state.cardChallenge, parameter: parameter)
        }
    }
}
