import GlobalPlatform
import SecureComponent

/// Why a card is no longer attached to a reader, or was not.
public enum AttachmentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nobody listens there, or the name is not known.
    case readerUnreachable(String)
    /// The connection failed while it stood.
    case connectionFailed(String)
    /// The reader closed the connection in the middle of a frame.
    case truncatedFrame
    case emptyFrame
    case unknownControl(UInt8)
    /// A command came while the card had no power.
    case commandWithoutPower
    /// More than a frame can carry.
    case responseTooLong(Int)
    /// The card did not answer, as if it had been pulled.
    case cardFailed(SecureComponentError)

    /// Stable, for logs and tests.
    public var code: String {
        switch self {
        case .readerUnreachable: "reader-unreachable"
        case .connectionFailed: "connection-failed"
        case .truncatedFrame: "truncated-frame"
        case .emptyFrame: "empty-frame"
        case .unknownControl: "unknown-control"
        case .commandWithoutPower: "command-without-power"
        case .responseTooLong: "response-too-long"
        case .cardFailed: "card-failed"
        }
    }

    public var description: String {
        switch self {
        case .readerUnreachable(let reason): "no virtual reader can be reached: \(reason); is pcscd running with vsmartcard-vpcd?"
        case .connectionFailed(let reason): "the connection to the virtual reader failed: \(reason)"
        case .truncatedFrame: "the virtual reader closed the connection in the middle of a frame"
        case .emptyFrame: "the virtual reader sent a frame without content"
        case .unknownControl(let code): "the virtual reader sent control byte \(Hex.encode([code])), which is not known (00 power off, 01 power on, 02 reset, 04 answer to reset)"
        case .commandWithoutPower: "the virtual reader sent a command to a card without power"
        case .responseTooLong(let count): "a response of \(count) bytes does not fit into a frame"
        case .cardFailed(let error): "the card left the reader: \(error)"
        }
    }
}
