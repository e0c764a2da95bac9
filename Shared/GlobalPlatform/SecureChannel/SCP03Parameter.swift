/// The byte `i` that says which options of SCP03 a key set or card uses (Amendment D, 5.1; S16 since v1.2).
public struct SCP03Parameter: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Whether challenges, cryptograms and MACs have 16 bytes (S16) instead of 8 (S8).
    public var isS16: Bool { rawValue & 0x01 != 0 }

    /// Whether the card's challenge can be computed from its sequence counter.
    public var hasPseudoRandomChallenge: Bool { rawValue & 0x10 != 0 }

    public var supportsResponseMAC: Bool { rawValue & 0x20 != 0 }

    /// R-ENCRYPTION exists only together with R-MAC.
    public var supportsResponseEncryption: Bool { rawValue & 0x60 == 0x60 }

    /// Bytes of a MAC on a command or response: 8 or 16.
    public var macLength: Int { isS16 ? 16 : 8 }

    /// Bytes of a challenge and of a cryptogram: 8 or 16.
    public var challengeLength: Int { isS16 ? 16 : 8 }

    /// Two lower-case hexadecimal digits.
    public var description: String { Hex.encode([rawValue]) }
}
