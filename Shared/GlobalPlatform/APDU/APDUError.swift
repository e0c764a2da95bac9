/// Why bytes are not a command or a response of ISO/IEC 7816-4.
public enum APDUError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Fewer than the four bytes of a header, or the two of a status word.
    case tooShort(Int)
    /// Lc and Le do not account for the bytes that follow the header.
    case lengthMismatch(announced: Int, present: Int)
    /// Extended coding with Lc zero.
    case extendedLengthZero
    /// Logical channels are 0 to 19 (GPCS 2.3.1, 11.1.4).
    case channel(Int)

    public var code: String {
        switch self {
        case .tooShort: "apdu-too-short"
        case .lengthMismatch: "apdu-length-mismatch"
        case .extendedLengthZero: "apdu-extended-length-zero"
        case .channel: "apdu-channel"
        }
    }

    public var description: String {
        switch self {
        case .tooShort(let count): "\(count) bytes are too few for an APDU"
        case .lengthMismatch(let announced, let present): "the APDU announces \(announced) bytes of data and \(present) bytes follow its length field"
        case .extendedLengthZero: "an extended Lc of zero is not allowed"
        case .channel(let number): "logical channels are 0 to 19, not \(number)"
        }
    }
}
