import GlobalPlatform
import Synchronization

/// A reader over any connector, with access rules enforced on every channel that is opened.
public final class CardReader: Reader {
    private struct State {
        var line: CardLine?
        var sessions: [CardSession] = []
    }

    private let connector: any CardConnector
    private let accessControl: AccessControlEnforcer
    private let gate = AsyncGate()
    private let state = Mutex(State())

    public init(connector: any CardConnector, accessControl: AccessControl) {
        self.connector = connector
        self.accessControl = AccessControlEnforcer(accessControl)
    }

    public var name: String { connector.name }

    public var isSecureElementPresent: Bool {
        get async throws(SecureComponentError) { try await connector.isCardPresent }
    }

    public func openSession() async throws(SecureComponentError) -> any Session {
        await gate.enter()
        defer { gate.leave() }
        let line: CardLine
        if let existing = state.withLock({ $0.line }), !existing.isLost {
            line = existing
        } else {
            guard try await connector.isCardPresent else { throw .notPresent(reader: name) }
            line = CardLine(try await connector.connect())
            accessControl.forgetRules()
            state.withLock { $0.line = line }
        }
        let session = CardSession(line: line, accessControl: accessControl) { [weak self] in await self?.sessionClosed() }
        state.withLock { $0.sessions.append(session) }
        return session
    }

    public func closeSessions() async {
        for session in state.withLock({ $0.sessions }) { await session.close() }
    }

    /// The last session that goes takes the connection with it, so that others may use the component.
    private func sessionClosed() async {
        await gate.enter()
        defer { gate.leave() }
        let line = state.withLock { state -> CardLine? in
            state.sessions.removeAll { $0.isClosed }
            guard state.sessions.isEmpty else { return nil }
            defer { state.line = nil }
            return state.line
        }
        await line?.connection.disconnect()
    }
}

/// A service over connectors that are known from the start.
public struct CardReaderService: SecureElementService {
    private let cardReaders: [CardReader]

    public init(_ connectors: [any CardConnector], accessControl: AccessControl) {
        cardReaders = connectors.map { CardReader(connector: $0, accessControl: accessControl) }
    }

    public var readers: [any Reader] { cardReaders }
}
