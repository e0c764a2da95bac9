/// SW1 SW2 of a response.
public struct StatusWord: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public init(_ sw1: UInt8, _ sw2: UInt8) {
        rawValue = UInt16(sw1) << 8 | UInt16(sw2)
    }

    public var sw1: UInt8 { UInt8(rawValue >> 8) }
    public var sw2: UInt8 { UInt8(rawValue & 0xFF) }
    public var bytes: [UInt8] { [sw1, sw2] }

    /// Four lower-case hexadecimal digits.
    public var description: String { Hex.encode(bytes) }

    /// 9000 and nothing else.
    public var isSuccess: Bool { self == .success }

    /// 62xx and 63xx, to which an R-MAC is appended as to a success (Amendment D, 6.2.5). 6300 belongs here by class although it is a refusal.
    public var isWarning: Bool { sw1 == 0x62 || sw1 == 0x63 }

    /// Everything that is neither success, warning nor an announcement of more bytes (61xx).
    public var isError: Bool { !isSuccess && !isWarning && sw1 != 0x61 }

    /// The stop rule of a relayed order: go on only after 9000, 62xx, 6310 and 63Cx. 6300 is a failed authentication and stops.
    public var allowsContinuation: Bool {
        isSuccess || sw1 == 0x62 || self == .moreDataAvailable || retriesLeft != nil
    }

    /// The counter of a 63Cx.
    public var retriesLeft: Int? { rawValue & 0xFFF0 == 0x63C0 ? Int(rawValue & 0x0F) : nil }

    /// Bytes that a 61xx announces, 256 for 6100.
    public var bytesAvailable: Int? { sw1 == 0x61 ? (sw2 == 0 ? 256 : Int(sw2)) : nil }

    /// The Le that a 6Cxx asks for, 256 for 6C00.
    public var correctLength: Int? { sw1 == 0x6C ? (sw2 == 0 ? 256 : Int(sw2)) : nil }
}

extension StatusWord {
    public static let success = StatusWord(rawValue: 0x9000)
    /// SELECT: the security domain or application is selected and locked.
    public static let selectedLocked = StatusWord(rawValue: 0x6283)
    /// An agent cut the response and stopped.
    public static let responseTruncated = StatusWord(rawValue: 0x62F1)
    /// EXTERNAL AUTHENTICATE: the host cryptogram is wrong.
    public static let authenticationFailed = StatusWord(rawValue: 0x6300)
    /// GET STATUS: ask again with P2.b1 set.
    public static let moreDataAvailable = StatusWord(rawValue: 0x6310)
    /// Access rules: the rule is stored already.
    public static let ruleAlreadyExists = StatusWord(rawValue: 0x6381)
    /// Access rules: an unknown data object was ignored.
    public static let unknownRuleObject = StatusWord(rawValue: 0x6382)
    public static let noSpecificDiagnosis = StatusWord(rawValue: 0x6400)
    public static let memoryFailure = StatusWord(rawValue: 0x6581)
    public static let wrongLength = StatusWord(rawValue: 0x6700)
    public static let logicalChannelNotSupported = StatusWord(rawValue: 0x6881)
    public static let secureMessagingNotSupported = StatusWord(rawValue: 0x6882)
    public static let securityStatusNotSatisfied = StatusWord(rawValue: 0x6982)
    public static let authenticationMethodBlocked = StatusWord(rawValue: 0x6983)
    /// ARA-M: the rules changed while they were read.
    public static let referencedDataInvalidated = StatusWord(rawValue: 0x6984)
    public static let conditionsNotSatisfied = StatusWord(rawValue: 0x6985)
    public static let incorrectSecureMessagingData = StatusWord(rawValue: 0x6988)
    public static let appletSelectFailed = StatusWord(rawValue: 0x6999)
    public static let incorrectData = StatusWord(rawValue: 0x6A80)
    public static let functionNotSupported = StatusWord(rawValue: 0x6A81)
    public static let applicationNotFound = StatusWord(rawValue: 0x6A82)
    public static let notEnoughMemory = StatusWord(rawValue: 0x6A84)
    public static let incorrectP1P2 = StatusWord(rawValue: 0x6A86)
    public static let referencedDataNotFound = StatusWord(rawValue: 0x6A88)
    /// Access rules: the rule conflicts with a stored one.
    public static let ruleConflict = StatusWord(rawValue: 0x6A89)
    public static let instructionNotSupported = StatusWord(rawValue: 0x6D00)
    public static let classNotSupported = StatusWord(rawValue: 0x6E00)
    public static let uncaughtException = StatusWord(rawValue: 0x6F00)
    public static let algorithmNotSupported = StatusWord(rawValue: 0x9484)
    /// PUT KEY on older cards: the key check value is wrong.
    public static let invalidKeyCheckValue = StatusWord(rawValue: 0x9485)

    /// 61xx: that many bytes (1 to 256) wait for GET RESPONSE.
    public static func bytesAvailable(_ count: Int) -> StatusWord {
        StatusWord(0x61, UInt8(truncatingIfNeeded: min(max(count, 1), 256)))
    }

    /// 6Cxx: repeat the command with this Le (1 to 256).
    public static func correctLength(_ count: Int) -> StatusWord {
        StatusWord(0x6C, UInt8(truncatingIfNeeded: min(max(count, 1), 256)))
    }

    /// 63Cx: that many tries are left (0 to 15).
    public static func retriesLeft(_ count: Int) -> StatusWord {
        StatusWord(0x63, 0xC0 | UInt8(min(max(count, 0), 15)))
    }
}
