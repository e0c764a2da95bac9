import GlobalPlatform

/// A status word that a script expects, with `x` for any digit.
public struct StatusPattern: Codable, Sendable, Hashable, CustomStringConvertible {
    /// Four, upper case; nil: any.
    let digits: [UInt8?]

    public static let success = StatusPattern(digits: [9, 0, 0, 0])

    private init(digits: [UInt8?]) { self.digits = digits }

    /// nil: not four hexadecimal digits or x.
    init?(_ text: String) {
        guard text.utf8.count == 4 else { return nil }
        var digits: [UInt8?] = []
        for character in text.utf8 {
            switch character {
            case 0x30...0x39: digits.append(character - 0x30)
            case 0x41...0x46: digits.append(character - 0x41 + 10)
            case 0x61...0x66: digits.append(character - 0x61 + 10)
            case 0x58, 0x78: digits.append(nil)
            default: return nil
            }
        }
        self.digits = digits
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let pattern = StatusPattern(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "four hexadecimal digits or x are expected")
        }
        self = pattern
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public func matches(_ word: StatusWord) -> Bool {
        zip(digits, [12, 8, 4, 0]).allSatisfy { digit, shift in digit == nil || digit.map(UInt16.init) == word.rawValue >> shift & 0x0F }
    }

    /// Any other status word ends the order at the handset (``StatusWord/allowsContinuation``), so nothing after it could be sent.
    var isAfterwardsContinued: Bool {
        Self.continuing.contains { general in zip(digits, general.digits).allSatisfy { own, allowed in allowed == nil || own == allowed } }
    }

    static let continuing: [StatusPattern] = [.success, StatusPattern(digits: [6, 2, nil, nil]), StatusPattern(digits: [6, 3, 1, 0]), StatusPattern(digits: [6, 3, 0x0C, nil])]

    public var description: String { digits.map { digit in digit.map { String(Hex.encodeUpperCase([$0]).suffix(1)) } ?? "x" }.joined() }
}
