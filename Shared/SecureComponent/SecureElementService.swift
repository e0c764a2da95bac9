import GlobalPlatform

/// The entry to a device's secure components (GlobalPlatform OMAPI, SEService).
public protocol SecureElementService: Sendable {
    /// All readers, with a component or without.
    var readers: [any Reader] { get async throws(SecureComponentError) }
}

extension SecureElementService {
    /// - Throws: `readerNotFound`.
    public func reader(named name: String) async throws(SecureComponentError) -> any Reader {
        for reader in try await readers where reader.name == name { return reader }
        throw .readerNotFound(name)
    }
}

/// A slot for one component (OMAPI, Reader).
public protocol Reader: Sendable {
    var name: String { get }
    var isSecureElementPresent: Bool { get async throws(SecureComponentError) }

    /// Connects if no session is open yet; sessions of one reader share the component's channels.
    /// - Throws: `notPresent`, `serviceUnavailable`.
    func openSession() async throws(SecureComponentError) -> any Session

    /// Closes every session with its channels, and disconnects.
    func closeSessions() async
}

/// Access to one component (OMAPI, Session).
public protocol Session: Sendable {
    /// Answer to reset; empty where unknown.
    var atr: [UInt8] { get }
    var isClosed: Bool { get }

    /// The channel that is always there; one user at a time.
    /// - Parameter aid: what to select; nil leaves the component's default application selected.
    /// - Throws: `accessDenied`, `channelNotAvailable`, `applicationNotFound`, `selectionRefused`, `sessionClosed`.
    func openBasicChannel(_ aid: AID?) async throws(SecureComponentError) -> any Channel

    /// A supplementary channel, opened for the caller.
    /// - Parameter aid: what to select; nil leaves the channel's default application selected.
    /// - Throws: as `openBasicChannel`.
    func openLogicalChannel(_ aid: AID?) async throws(SecureComponentError) -> any Channel

    func closeChannels() async
    func close() async
}

/// One application selected on one channel (OMAPI, Channel).
public protocol Channel: Sendable {
    var isBasic: Bool { get }
    var isClosed: Bool { get }
    /// What SELECT was answered; nil when nothing was selected by name.
    var selectResponse: ResponseAPDU? { get }

    /// Sends one command on this channel: the channel number in its class byte is set here, 61xx and 6Cxx are dealt with.
    /// - Throws: `commandNotAllowed` for SELECT by name and MANAGE CHANNEL, `accessDenied` where a rule filters commands,
    ///   `channelClosed`, `transmitFailed`, `componentLost`.
    func transmit(_ command: CommandAPDU) async throws(SecureComponentError) -> ResponseAPDU

    /// Selects the next application whose AID begins as the one the channel was opened with.
    /// - Returns: false when there is none; the selection then stays.
    /// - Throws: `accessDenied` when no rule lets this device app use that one; the channel is then closed.
    func selectNext() async throws(SecureComponentError) -> Bool

    func close() async
}
