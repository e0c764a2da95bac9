import GlobalPlatform

/// Why a secure component could not be used, in OMAPI's categories.
public enum SecureComponentError: Error, Hashable, Sendable, CustomStringConvertible {
    case readerNotFound(String)
    /// The reader is there, the component is not.
    case notPresent(reader: String)
    /// No daemon or driver that gives access to readers.
    case serviceUnavailable(String)
    case sessionClosed
    case channelClosed
    /// All logical channels are in use, or the basic channel is.
    case channelNotAvailable(String)
    /// The component's access rules do not let this device app do it, or there are no rules that could.
    case accessDenied(String)
    case applicationNotFound([UInt8])
    /// The component found the application and did not select it.
    case selectionRefused([UInt8], StatusWord)
    /// SELECT and MANAGE CHANNEL are the session's, not the caller's.
    case commandNotAllowed(String)
    case malformedCommand(String)
    case malformedResponse(String)
    /// The bytes did not reach the component or the answer did not come back: what the component did is unknown.
    case transmitFailed(String)
    /// The component was removed, reset or lost power: all sessions and channels are gone.
    case componentLost(String)

    /// Stable, for logs and tests.
    public var code: String {
        switch self {
        case .readerNotFound: "reader-not-found"
        case .notPresent: "not-present"
        case .serviceUnavailable: "service-unavailable"
        case .sessionClosed: "session-closed"
        case .channelClosed: "channel-closed"
        case .channelNotAvailable: "channel-not-available"
        case .accessDenied: "access-denied"
        case .applicationNotFound: "application-not-found"
        case .selectionRefused: "selection-refused"
        case .commandNotAllowed: "command-not-allowed"
        case .malformedCommand: "malformed-command"
        case .malformedResponse: "malformed-response"
        case .transmitFailed: "transmit-failed"
        case .componentLost: "component-lost"
        }
    }

    public var description: String {
        switch self {
        case .readerNotFound(let name): "there is no reader named \(name)"
        case .notPresent(let reader): "no secure component is in reader \(reader)"
        case .serviceUnavailable(let reason): "secure components cannot be reached: \(reason)"
        case .sessionClosed: "the session is closed"
        case .channelClosed: "the channel is closed"
        case .channelNotAvailable(let reason): "no channel to the secure component is available: \(reason)"
        case .accessDenied(let reason): "access to the secure component is denied: \(reason)"
        case .applicationNotFound(let name): "no application \(Hex.encodeUpperCase(name)) can be selected on the secure component"
        case .selectionRefused(let name, let status):
            "application \(Hex.encodeUpperCase(name)) was not selected: \(status.explanation(ins: Instruction.select)) (\(status))"
        case .commandNotAllowed(let reason): "the command is not allowed on a channel: \(reason)"
        case .malformedCommand(let reason): "the command cannot be sent: \(reason)"
        case .malformedResponse(let reason): "the secure component's answer is malformed: \(reason)"
        case .transmitFailed(let reason): "the command's outcome is unknown, no answer came back: \(reason)"
        case .componentLost(let reason): "the connection to the secure component is lost, open a new session: \(reason)"
        }
    }
}
