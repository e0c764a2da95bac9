import CPCSC

/// Return codes of the PC/SC API. The header defines them as casts, which do not come into Swift.
struct PCSCStatus: Hashable {
    let code: UInt32

    /// Codes are 32 bits wide whatever the platform's LONG is.
    init(_ value: some BinaryInteger) {
        code = UInt32(truncatingIfNeeded: value)
    }

    static let success = PCSCStatus(0)
    static let invalidHandle = PCSCStatus(0x8010_0003 as UInt32)
    static let insufficientBuffer = PCSCStatus(0x8010_0008 as UInt32)
    static let unknownReader = PCSCStatus(0x8010_0009 as UInt32)
    static let timeout = PCSCStatus(0x8010_000A as UInt32)
    static let sharingViolation = PCSCStatus(0x8010_000B as UInt32)
    static let noSmartCard = PCSCStatus(0x8010_000C as UInt32)
    static let readerUnavailable = PCSCStatus(0x8010_0017 as UInt32)
    static let noService = PCSCStatus(0x8010_001D as UInt32)
    static let serviceStopped = PCSCStatus(0x8010_001E as UInt32)
    static let noReadersAvailable = PCSCStatus(0x8010_002E as UInt32)
    static let unresponsiveCard = PCSCStatus(0x8010_0066 as UInt32)
    static let unpoweredCard = PCSCStatus(0x8010_0067 as UInt32)
    static let resetCard = PCSCStatus(0x8010_0068 as UInt32)
    static let removedCard = PCSCStatus(0x8010_0069 as UInt32)

    /// The library's own words and the code.
    var text: String {
        let words = pcsc_stringify_error(numericCast(code)).map { String(cString: $0) } ?? "PC/SC error"
        return "\(words) (\(String(code, radix: 16)))"
    }

    /// As an error of the call named `operation` on `reader`.
    func error(_ operation: String, reader: String = "") -> SecureComponentError {
        switch self {
        case .unknownReader, .readerUnavailable: .readerNotFound(reader)
        case .noSmartCard, .unresponsiveCard: .notPresent(reader: reader)
        case .noService, .serviceStopped, .invalidHandle: .serviceUnavailable("\(operation): \(text)")
        case .sharingViolation: .channelNotAvailable("another program holds reader \(reader) exclusively")
        case .resetCard, .removedCard, .unpoweredCard: .componentLost("\(operation): \(text)")
        default: .transmitFailed("\(operation): \(text)")
        }
    }
}
