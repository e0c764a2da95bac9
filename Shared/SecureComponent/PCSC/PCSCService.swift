import Synchronization

/// Secure components in the readers of this device's PC/SC daemon.
public final class PCSCService: SecureElementService {
    private let context: PCSCContext
    private let accessControl: AccessControl
    private let known = Mutex<[String: CardReader]>([:])

    /// - Throws: `serviceUnavailable` when no daemon answers.
    public init(accessControl: AccessControl) throws(SecureComponentError) {
        context = try PCSCContext()
        self.accessControl = accessControl
    }

    /// The readers that are plugged in now. A reader that stays is the same object, with its sessions.
    public var readers: [any Reader] {
        get async throws(SecureComponentError) {
            let context = context
            let names = try await context.queue.run { context.readerNames() }
            return known.withLock { known in
                known = known.filter { names.contains($0.key) }
                return names.map { name in
                    if let reader = known[name] { return reader }
                    let reader = CardReader(connector: PCSCConnector(context: context, name: name), accessControl: accessControl)
                    known[name] = reader
                    return reader
                }
            }
        }
    }
}

/// One reader of the daemon.
struct PCSCConnector: CardConnector {
    let context: PCSCContext
    let name: String

    var isCardPresent: Bool {
        get async throws(SecureComponentError) {
            try await context.queue.run { context.isCardPresent(reader: name) }
        }
    }

    func connect() async throws(SecureComponentError) -> any CardConnection {
        try await context.queue.run { PCSCConnection.connect(context, reader: name) }
    }
}
