import Cryptography

/// Why the off-card end of a secure channel refuses to go on. Nothing in it is secret.
public enum SCP03Error: Error, Hashable, Sendable, CustomStringConvertible {
    /// AES keys have 16, 24 or 32 bytes, and the three of a key set the same number.
    case keyLengths([Int])
    case hostChallengeLength(expected: Int, actual: Int)
    case levelNotOffered(SecurityLevel, SCP03Parameter)
    /// INITIALIZE UPDATE was answered by another status word than 9000.
    case initializeUpdateRefused(StatusWord)
    case initializeUpdateResponseLength(expected: Int, actual: Int)
    /// The key information names another secure channel protocol.
    case protocolNotSupported(UInt8)
    case keyVersionMismatch(expected: UInt8, actual: UInt8)
    /// The card does not hold these keys.
    case cardCryptogramMismatch
    /// The card's challenge is random, so nothing can be computed before it answers.
    case challengeNotPredictable(SCP03Parameter)
    /// The card's answer is not the one that the session was computed for; usually its counter moved on.
    case predictionMismatch(expected: SequenceCounter?, actual: SequenceCounter?)
    case sequenceCounterExhausted
    /// EXTERNAL AUTHENTICATE has not been built yet, or was built already.
    case wrongOrder(String)
    case payloadTooLong(Int, limit: Int)
    /// A response came that no command is waiting for.
    case noCommandPending
    case responseMACMissing(StatusWord)
    case responseMACMismatch(StatusWord)
    case responsePaddingInvalid
    /// An error status word must come without data (Amendment D, 6.2.5).
    case dataWithErrorStatus(StatusWord)
    case keyDiversificationDataLength(Int)
    /// A stored session does not fit together.
    case stateInvalid(String)
    case encryptedKeyLength(Int)
    case cryptography(CryptographyError)

    /// Stable, for logs and wire formats.
    public var code: String {
        switch self {
        case .keyLengths: "scp03-key-lengths"
        case .hostChallengeLength: "scp03-host-challenge-length"
        case .levelNotOffered: "scp03-level-not-offered"
        case .initializeUpdateRefused: "scp03-initialize-update-refused"
        case .initializeUpdateResponseLength: "scp03-initialize-update-response-length"
        case .protocolNotSupported: "scp03-protocol-not-supported"
        case .keyVersionMismatch: "scp03-key-version-mismatch"
        case .cardCryptogramMismatch: "scp03-card-cryptogram-mismatch"
        case .challengeNotPredictable: "scp03-challenge-not-predictable"
        case .predictionMismatch: "scp03-prediction-mismatch"
        case .sequenceCounterExhausted: "scp03-sequence-counter-exhausted"
        case .wrongOrder: "scp03-wrong-order"
        case .payloadTooLong: "scp03-payload-too-long"
        case .noCommandPending: "scp03-no-command-pending"
        case .responseMACMissing: "scp03-response-mac-missing"
        case .responseMACMismatch: "scp03-response-mac-mismatch"
        case .responsePaddingInvalid: "scp03-response-padding-invalid"
        case .dataWithErrorStatus: "scp03-data-with-error-status"
        case .keyDiversificationDataLength: "scp03-key-diversification-data-length"
        case .stateInvalid: "scp03-state-invalid"
        case .encryptedKeyLength: "scp03-encrypted-key-length"
        case .cryptography: "scp03-cryptography"
        }
    }

    public var description: String {
        switch self {
        case .keyLengths(let lengths): "a key set needs three AES keys of 16, 24 or 32 bytes, all alike, not of \(lengths) bytes"
        case .hostChallengeLength(let expected, let actual): "the host challenge has \(actual) bytes instead of \(expected)"
        case .levelNotOffered(let level, let parameter): "security level \(level) is not offered by a card with i=\(parameter)"
        case .initializeUpdateRefused(let status): "the card refused INITIALIZE UPDATE with \(status)"
        case .initializeUpdateResponseLength(let expected, let actual): "the response to INITIALIZE UPDATE has \(actual) bytes instead of \(expected)"
        case .protocolNotSupported(let identifier): "the card's keys are for secure channel protocol \(Hex.encode([identifier])), not 03"
        case .keyVersionMismatch(let expected, let actual): "the card used key version \(Hex.encode([actual])) instead of \(Hex.encode([expected]))"
        case .cardCryptogramMismatch: "the card cryptogram is wrong: the card does not hold these keys"
        case .challengeNotPredictable(let parameter): "a card with i=\(parameter) draws its challenge at random: wait for its answer"
        case .predictionMismatch(let expected, let actual):
            "the card answered with sequence counter \(actual?.description ?? "none") where \(expected?.description ?? "none") was expected: compute the session anew"
        case .sequenceCounterExhausted: "the key set's sequence counter is exhausted: the keys must be replaced"
        case .wrongOrder(let what): what
        case .payloadTooLong(let count, let limit): "a command with \(count) bytes of data does not fit; at this security level the limit is \(limit)"
        case .noCommandPending: "no command is waiting for this response"
        case .responseMACMissing(let status): "the response \(status) is too short to carry a MAC"
        case .responseMACMismatch(let status): "the MAC of the response \(status) is wrong: it was altered, or is not the answer to this command"
        case .responsePaddingInvalid: "the decrypted response is not padded as it must be"
        case .dataWithErrorStatus(let status): "the error status \(status) came with data that nothing authenticates"
        case .keyDiversificationDataLength(let count): "key diversification data has 10 bytes, not \(count)"
        case .stateInvalid(let what): "the stored session cannot be used: \(what)"
        case .encryptedKeyLength(let count): "an encrypted key of \(count) bytes fits no AES key"
        case .cryptography(let error): error.description
        }
    }

    /// Runs cryptography whose failures are to be reported as this error.
    static func wrapping<Result>(_ body: () throws(CryptographyError) -> Result) throws(SCP03Error) -> Result {
        do { return try body() } catch { throw .cryptography(error) }
    }
}
