import GlobalPlatform

/// Bytes to and from one component: what lies below sessions, so that every kind of reader shares the logic of channels.
///
/// Commands are sent one at a time; the layer above sees to that.
public protocol CardConnection: Sendable {
    /// Answer to reset, empty where the component gives none.
    var atr: [UInt8] { get }

    /// One C-APDU, one R-APDU: no GET RESPONSE and no repeated command is sent by itself.
    /// - Throws: `transmitFailed` when the outcome is unknown, `componentLost` when the connection is of no further use.
    func transmit(_ command: [UInt8]) async throws(SecureComponentError) -> [UInt8]

    /// Keeps other programs from sending between commands that belong together, until `endTransaction`.
    func beginTransaction() async throws(SecureComponentError)
    func endTransaction() async

    /// Warm reset: the component forgets channels, selections and secure channels.
    func reset() async throws(SecureComponentError)

    func disconnect() async
}

extension CardConnection {
    /// Nothing to do where nobody else shares the component.
    public func beginTransaction() async throws(SecureComponentError) {}
    public func endTransaction() async {}
}

/// A slot in which a component may be: makes connections to it.
public protocol CardConnector: Sendable {
    /// Unique among the readers of a service.
    var name: String { get }

    var isCardPresent: Bool { get async throws(SecureComponentError) }

    /// - Throws: `notPresent` for an empty slot.
    func connect() async throws(SecureComponentError) -> any CardConnection
}
