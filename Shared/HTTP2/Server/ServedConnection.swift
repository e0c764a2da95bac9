import Logging
import NIOCore
import Synchronization

/// What every request of one connection to a listener has in common.
///
/// `@unchecked Sendable`: all but `running`, which is atomic, is constant or confined to the connection's event loop.
final class ServedConnection: @unchecked Sendable {
    let loop: LoopContext
    let peer: PeerIdentity?
    let remoteAddress: String
    let channel: any Channel
    let logger: Logger
    let date: DateStamp
    /// Request tasks that have not ended, those of streams already reset among them.
    let running = Atomic<Int>(0)
    private let number: String
    private var requests = 0

    /// - Parameter number: of the connection, in text.
    init(loop: LoopContext, peer: PeerIdentity?, remoteAddress: String, channel: any Channel, logger: Logger, number: String, date: DateStamp) {
        self.loop = loop
        self.peer = peer
        self.remoteAddress = remoteAddress
        self.channel = channel
        self.logger = logger
        self.number = number
        self.date = date
    }

    func nextRequestID() -> RequestID {
        requests += 1
        return RequestID(connection: number, number: requests)
    }
}

/// Gives a request that begins its receiver, on the event loop; nil refuses it.
typealias ReceiverFactory = @Sendable (any MessageStream, ServedConnection) -> (any MessageReceiver)?

/// The owner of one served HTTP/2 connection.
final class ServedHTTP2Connection: HTTP2ConnectionOwner {
    private let connection: ServedConnection
    private let maximumTasks: Int
    private let makeReceiver: ReceiverFactory

    init(connection: ServedConnection, maximumTasks: Int, makeReceiver: @escaping ReceiverFactory) {
        self.connection = connection
        self.maximumTasks = maximumTasks
        self.makeReceiver = makeReceiver
    }

    func makeReceiver(for stream: HTTP2Stream) -> (any MessageReceiver)? {
        // Streams that a client opens and resets at once leave their tasks behind: count those too.
        guard connection.running.load(ordering: .relaxed) < maximumTasks else { return nil }
        return makeReceiver(stream, connection)
    }
    func connectionIsReady(_ connection: HTTP2Connection) {}
    func connectionIsDraining(_ connection: HTTP2Connection) {}
    func connectionHasRoom(_ connection: HTTP2Connection) {}
    func connectionClosed(_ connection: HTTP2Connection, reason: String) {
        connection.logger.debug("HTTP/2 connection closed", metadata: ["peer": "\(connection.remoteAddress)", "reason": "\(reason)"])
    }
}
