/// Bytes as hexadecimal text: lower case out, either case in. The form of bytes in every JSON document of ours.
public enum Hex {
    /// Two lower-case digits a byte, without separators.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        encode(bytes, digits: "0123456789abcdef")
    }

    /// Two upper-case digits a byte, as GlobalPlatform's documents print AIDs.
    public static func encodeUpperCase(_ bytes: some Collection<UInt8>) -> String {
        encode(bytes, digits: "0123456789ABCDEF")
    }

    /// Reads digits of either case; no separators, no prefix, an even number of digits.
    public static func decode(_ text: some StringProtocol) throws(HexError) -> [UInt8] {
        var bytes: [UInt8] = []
        let digits = text.utf8
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for (offset, character) in digits.enumerated() {
            guard let value = value(of: character) else { throw HexError.notADigit(offset: offset) }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        if high != nil { throw HexError.oddNumberOfDigits(digits.count) }
        return bytes
    }

    private static func encode(_ bytes: some Collection<UInt8>, digits: StaticString) -> String {
        let count = bytes.count * 2
        return digits.withUTF8Buffer { digits in
            String(unsafeUninitializedCapacity: count) { text in
                var next = 0
                for byte in bytes {
                    text[next] = digits[Int(byte >> 4)]
                    text[next + 1] = digits[Int(byte & 0x0F)]
                    next += 2
                }
                return next
            }
        }
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x41 + 10
        case 0x61...0x66: character - 0x61 + 10
        default: nil
        }
    }
}

/// Why a text is not hexadecimal.
public enum HexError: Error, Hashable, Sendable, CustomStringConvertible {
    case notADigit(offset: Int)
    case oddNumberOfDigits(Int)

    /// Stable, for logs and tests.
    public var code: String {
        switch self {
        case .notADigit: "hex-not-a-digit"
        case .oddNumberOfDigits: "hex-odd-number-of-digits"
        }
    }

    public var description: String {
        switch self {
        case .notADigit(let offset): "the character at position \(offset) is not a hexadecimal digit"
        case .oddNumberOfDigits(let count): "\(count) hexadecimal digits do not make whole bytes"
        }
    }
}
