import CPCSC

/// Return codes of the PC/SC API. The header defines them as casts, which do not come into Swift.
struct PCSCStatus: Hashable {
    let code: UInt32

    /// Codes are 32 bits wide whatever the platform's LONG is.
    init(_ value: some BinaryInteger) {
        code = UInt32(truncatingIfNeeded: value)
    }

    static let success = PCSCStatus(0)
    static let cancelled = PCSCStatus(0x8010_0002 as UInt32)
    static let invalidHandle = PCSCStatus(0x8010_0003 as UInt32)
    static let insufficientBuffer = PCSCStatus(0x8010_0008 as UInt32)
    static let unknownReader = PCSCStatus(0x8010_0009 as UInt32)
    static let timeout = PCSCStatus(0x8010_000A as UInt32)
    static let sharingViolation = PCSCStatus(0x8010_000B as UInt32)
    static let noSmartCard = PCSCStatus(0x8010_000C as UInt32)
    static let protocolMismatch = PCSCStatus(0x8010_000F as UInt32)
    static let communicationError = PCSCStatus(0x8010_0013 as UInt32)
    static let notTransacted = PCSCStatus(0x8010_0016 as UInt32)
    static let readerUnavailable = PCSCStatus(0x8010_0017 as UInt32)
    static let noService = PCSCStatus(0x8010_001D as UInt32)
    static let serviceStopped = PCSCStatus(0x8010_001E as UInt32)
    static let noReadersAvailable = PCSCStatus(0x8010_002E as UInt32)
    static let communicationDataLost = PCSCStatus(0x8010_002F as UInt32)
    static let unsupportedCard = PCSCStatus(0x8010_0065 as UInt32)
    static let unresponsiveCard = PCSCStatus(0x8010_0066 as UInt32)
    static let unpoweredCard = PCSCStatus(0x8010_0067 as UInt32)
    static let resetCard = PCSCStatus(0x8010_0068 as UInt32)
    static let removedCard = PCSCStatus(0x8010_0069 as UInt32)
    static let securityViolation = PCSCStatus(0x8010_006A as UInt32)

    /// The daemon is gone, or was started anew: the context is of no further use.
    var endsContext: Bool { [.noService, .serviceStopped, .invalidHandle].contains(self) }

    /// The connection to the component is of no further use.
    var endsConnection: Bool {
        endsContext || [.resetCard, .removedCard, .unpoweredCard, .unknownReader, .readerUnavailable, .noSmartCard].contains(self)
    }

    /// The library's own words and the code.
    var text: String {
        let words = pcsc_stringify_error(numericCast(code)).map { String(cString: $0) } ?? "PC/SC error"
        return "\(words) (\(String(code, radix: 16)))"
    }

    /// As an error of a call that looks for readers and components.
    func error(_ operation: String, reader: String = "") -> SecureComponentError {
        switch self {
        case .unknownReader, .readerUnavailable: .readerNotFound(reader)
        case .noSmartCard, .removedCard: .notPresent(reader: reader)
        case .unresponsiveCard, .unsupportedCard, .unpoweredCard: .channelNotAvailable("the component in reader \(reader) does not answer to reset, or not as a smart card: \(text)")
        case .protocolMismatch: .channelNotAvailable("the component in reader \(reader) speaks neither T=0 nor T=1, or another program made it speak something else: \(text)")
        // The last is what is left of a daemon that ended during the call.
        case .noService, .serviceStopped, .invalidHandle, .communicationError: .serviceUnavailable("the PC/SC daemon does not answer (\(operation)): \(text)")
        case .securityViolation: .serviceUnavailable("the PC/SC daemon does not let this user in; see its polkit rules (\(operation)): \(text)")
        case .sharingViolation: .channelNotAvailable("another program holds reader \(reader) for itself")
        case .resetCard: .componentLost("\(operation): \(text)")
        default: .transmitFailed("\(operation): \(text)")
        }
    }

    /// As an error of a call over a connection that stood.
    func connectionError(_ operation: String, reader: String) -> SecureComponentError {
        if endsContext { return .componentLost("the PC/SC daemon is gone (\(operation)): \(text)") }
        if endsConnection { return .componentLost("reader \(reader), \(operation): \(text)") }
        if self == .sharingViolation { return .channelNotAvailable("another program holds reader \(reader) for itself") }
        return .transmitFailed("reader \(reader), \(operation): \(text)")
    }
}
