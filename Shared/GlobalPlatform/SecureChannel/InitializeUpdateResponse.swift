/// What a card answers to INITIALIZE UPDATE (Amendment D, table 7-4).
public struct InitializeUpdateResponse: Hashable, Sendable {
    /// 10 bytes.
    public var keyDiversificationData: [UInt8]
    /// The key set that the card chose, or was told to use.
    public var keyVersionNumber: UInt8
    public var parameter: SCP03Parameter
    /// 8 bytes, 16 with S16.
    public var cardChallenge: [UInt8]
    /// 8 bytes, 16 with S16.
    public var cardCryptogram: [UInt8]
    /// The counter that this session uses; only with pseudo-random challenges.
    public var sequenceCounter: SequenceCounter?

    public init(
        keyDiversificationData: [UInt8], keyVersionNumber: UInt8, parameter: SCP03Parameter, cardChallenge: [UInt8],
        cardCryptogram: [UInt8], sequenceCounter: SequenceCounter?
    ) {
        self.keyDiversificationData = keyDiversificationData
        self.keyVersionNumber = keyVersionNumber
        self.parameter = parameter
        self.cardChallenge = cardChallenge
        self.cardCryptogram = cardCryptogram
        self.sequenceCounter = sequenceCounter
    }

    /// - Throws: `initializeUpdateRefused` for a status word other than 9000, and what `init(data:)` throws.
    public init(_ response: ResponseAPDU) throws(SCP03Error) {
        guard response.statusWord.isSuccess else { throw .initializeUpdateRefused(response.statusWord) }
        try self.init(data: response.data)
    }

    /// Reads 29, 32, 45 or 48 bytes; which, the parameter in byte 13 says.
    /// - Throws: `initializeUpdateResponseLength`, `protocolNotSupported`.
    public init(data: [UInt8]) throws(SCP03Error) {
        guard data.count >= 13 else { throw .initializeUpdateResponseLength(expected: 29, actual: data.count) }
        guard data[11] == 0x03 else { throw .protocolNotSupported(data[11]) }
        let parameter = SCP03Parameter(rawValue: data[12])
        let length = parameter.challengeLength
        let expected = 13 + 2 * length + (parameter.hasPseudoRandomChallenge ? 3 : 0)
        guard data.count == expected else { throw .initializeUpdateResponseLength(expected: expected, actual: data.count) }
        self.init(
            keyDiversificationData: Array(data[..<10]), keyVersionNumber: data[10], parameter: parameter,
            cardChallenge: Array(data[13..<13 + length]), cardCryptogram: Array(data[13 + length..<13 + 2 * length]),
            sequenceCounter: SequenceCounter(bytes: data[(13 + 2 * length)...]))
    }

    /// As on the wire, without status word.
    public var data: [UInt8] {
        keyDiversificationData + [keyVersionNumber, 0x03, parameter.rawValue] + cardChallenge + cardCryptogram + (sequenceCounter?.bytes ?? [])
    }
}
