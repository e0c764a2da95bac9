extension SCP03HostSession {
    /// What it takes, beside the session keys, to verify the response to one command.
    public struct ResponseKey: Hashable, Sendable, Codable {
        /// The full 16-byte C-MAC of the command.
        public var macChainingValue: [UInt8] { chainingValue.bytes }
        let chainingValue: MACChainingValue
        /// The command's number in the session, from 1.
        public let counter: UInt64

        init(chainingValue: MACChainingValue, counter: UInt64) {
            self.chainingValue = chainingValue
            self.counter = counter
        }

        /// Nil unless the MAC chaining value has 16 bytes.
        public init?(macChainingValue: [UInt8], counter: UInt64) {
            guard let value = MACChainingValue(macChainingValue) else { return nil }
            self.init(chainingValue: value, counter: counter)
        }

        private enum CodingKeys: String, CodingKey { case macChainingValue, counter }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            guard let value = MACChainingValue(try container.decode(HexBytes.self, forKey: .macChainingValue).bytes) else {
                throw DecodingError.dataCorruptedError(forKey: .macChainingValue, in: container, debugDescription: "16 bytes were expected")
            }
            chainingValue = value
            counter = try container.decode(UInt64.self, forKey: .counter)
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(HexBytes(macChainingValue), forKey: .macChainingValue)
            try container.encode(counter, forKey: .counter)
        }
    }

    /// A session without its keys, for storage: with the static keys it can be taken up where it was. In JSON bytes are hexadecimal.
    public struct State: Hashable, Sendable {
        public internal(set) var parameter: SCP03Parameter
        public internal(set) var level: SecurityLevel
        public internal(set) var keyVersionNumber: UInt8
        public internal(set) var hostChallenge: [UInt8]
        public internal(set) var cardChallenge: [UInt8]
        public internal(set) var sequenceCounter: SequenceCounter?
        /// Whether EXTERNAL AUTHENTICATE has been built.
        public internal(set) var isStarted = false
        /// Whether the card's cryptogram has been verified.
        public internal(set) var isCardVerified = false
        /// The full C-MAC of the last command, 16 bytes; zero before the first.
        public var macChainingValue: [UInt8] { chainingValue.bytes }
        var chainingValue = MACChainingValue()
        /// Commands wrapped so far, EXTERNAL AUTHENTICATE not counted.
        public internal(set) var counter: UInt64 = 0
        /// What responses are due, oldest first.
        public internal(set) var pendingResponses: [ResponseKey] = []

        init(
            parameter: SCP03Parameter, level: SecurityLevel, keyVersionNumber: UInt8, hostChallenge: [UInt8], cardChallenge: [UInt8],
            sequenceCounter: SequenceCounter?
        ) {
            self.parameter = parameter
            self.level = level
            self.keyVersionNumber = keyVersionNumber
            self.hostChallenge = hostChallenge
            self.cardChallenge = cardChallenge
            self.sequenceCounter = sequenceCounter
        }

        func check() throws(SCP03Error) {
            guard level.isOffered(by: parameter) else { throw .levelNotOffered(level, parameter) }
            guard hostChallenge.count == parameter.challengeLength else {
                throw .hostChallengeLength(expected: parameter.challengeLength, actual: hostChallenge.count)
            }
            guard cardChallenge.count == parameter.challengeLength else { throw .stateInvalid("the card challenge has \(cardChallenge.count) bytes") }
            guard counter < UInt64.max / 2 else { throw .stateInvalid("the command counter is out of range") }
        }
    }
}

extension SCP03HostSession.State: Codable {
    private enum CodingKeys: String, CodingKey {
        case parameter, level, keyVersionNumber, hostChallenge, cardChallenge, sequenceCounter, isStarted, isCardVerified, macChainingValue, counter
        case pendingResponses
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func bytes(_ key: CodingKeys) throws -> [UInt8] { try container.decode(HexBytes.self, forKey: key).bytes }
        self.init(
            parameter: SCP03Parameter(rawValue: try container.decode(UInt8.self, forKey: .parameter)),
            level: SecurityLevel(rawValue: try container.decode(UInt8.self, forKey: .level)),
            keyVersionNumber: try container.decode(UInt8.self, forKey: .keyVersionNumber),
            hostChallenge: try bytes(.hostChallenge), cardChallenge: try bytes(.cardChallenge),
            sequenceCounter: try container.decodeIfPresent(HexBytes.self, forKey: .sequenceCounter).flatMap { SequenceCounter(bytes: $0.bytes) })
        isStarted = try container.decode(Bool.self, forKey: .isStarted)
        isCardVerified = try container.decode(Bool.self, forKey: .isCardVerified)
        guard let value = MACChainingValue(try bytes(.macChainingValue)) else {
            throw DecodingError.dataCorruptedError(forKey: .macChainingValue, in: container, debugDescription: "16 bytes were expected")
        }
        chainingValue = value
        counter = try container.decode(UInt64.self, forKey: .counter)
        pendingResponses = try container.decode([SCP03HostSession.ResponseKey].self, forKey: .pendingResponses)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(parameter.rawValue, forKey: .parameter)
        try container.encode(level.rawValue, forKey: .level)
        try container.encode(keyVersionNumber, forKey: .keyVersionNumber)
        try container.encode(HexBytes(hostChallenge), forKey: .hostChallenge)
        try container.encode(HexBytes(cardChallenge), forKey: .cardChallenge)
        try container.encodeIfPresent(sequenceCounter.map { HexBytes($0.bytes) }, forKey: .sequenceCounter)
        try container.encode(isStarted, forKey: .isStarted)
        try container.encode(isCardVerified, forKey: .isCardVerified)
        try container.encode(HexBytes(macChainingValue), forKey: .macChainingValue)
        try container.encode(counter, forKey: .counter)
        try container.encode(pendingResponses, forKey: .pendingResponses)
    }
}
