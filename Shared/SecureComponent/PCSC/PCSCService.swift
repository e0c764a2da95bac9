import Synchronization

/// Secure components in the readers of this device's PC/SC daemon.
public final class PCSCService: SecureElementService {
    private let readerList: PCSCReaderList
    private let accessControl: AccessControl
    private let options: PCSCOptions
    private let known = Mutex<[String: CardReader]>([:])

    /// - Throws: `serviceUnavailable` when no daemon answers.
    public init(accessControl: AccessControl, options: PCSCOptions = PCSCOptions()) throws(SecureComponentError) {
        readerList = try PCSCReaderList()
        self.accessControl = accessControl
        self.options = options
    }

    /// The readers that are plugged in now. A reader that stays is the same object, with its sessions.
    public var readers: [any Reader] {
        get async throws(SecureComponentError) {
            let names = try await readerList.names()
            return known.withLock { known in
                known = known.filter { names.contains($0.key) }
                return names.map { name in
                    if let reader = known[name] { return reader }
                    let reader = CardReader(connector: PCSCConnector(reader: name, options: options), accessControl: accessControl)
                    known[name] = reader
                    return reader
                }
            }
        }
    }

    /// The readers and what is in them.
    public var states: [ReaderState] {
        get async throws(SecureComponentError) { try await readerList.states() }
    }

    /// Readers and components that come and go: first all that are there, as if they came now.
    /// The stream ends with `serviceUnavailable` when the daemon does.
    public func changes() throws(SecureComponentError) -> AsyncThrowingStream<ReaderChange, any Error> {
        let watch = ReaderWatch(try PCSCContext())
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: ReaderChange.self)
        continuation.onTermination = { _ in watch.stop() }
        watch.start(tell: { for change in $0 { continuation.yield(change) } }, end: { continuation.finish(throwing: $0) })
        return stream
    }
}

/// One reader of the daemon.
public struct PCSCConnector: CardConnector {
    public let name: String
    private let options: PCSCOptions

    /// - Parameter reader: the daemon's name for it.
    public init(reader: String, options: PCSCOptions = PCSCOptions()) {
        name = reader
        self.options = options
    }

    /// - Throws: `readerNotFound`, `serviceUnavailable`.
    public var isCardPresent: Bool {
        get async throws(SecureComponentError) {
            let reader = name
            return try await BlockingQueue(label: "pcsc state").run { PCSCContext.establish().flatMap { $0.state(of: reader) }.map(\.isCardPresent) }
        }
    }

    public func connect() async throws(SecureComponentError) -> any CardConnection {
        try await PCSCConnection.connect(reader: name, options: options)
    }
}
