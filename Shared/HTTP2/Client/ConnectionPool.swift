import Logging
import NIOCore

/// A connection that a client can open exchanges on, whatever version of HTTP it speaks.
protocol ClientConnection: AnyObject, Sendable {
    var hasRoom: Bool { get }
    var load: Int { get }
    var peer: PeerIdentity? { get }
    /// nil if it takes no more.
    func openStream(head: HeaderList, endOfStream: Bool, receiver: any MessageReceiver) -> (any MessageStream)?
    func beginDrain()
    func closeNow(_ reason: String)
}

extension HTTP2Connection: ClientConnection {
    var load: Int { streams.count }
    func openStream(head: HeaderList, endOfStream: Bool, receiver: any MessageReceiver) -> (any MessageStream)? {
        open(head: head, endOfStream: endOfStream, receiver: receiver)
    }
}

/// A request that wants a connection. Called on the pool's event loop.
protocol PoolWaiter: AnyObject {
    /// Opens its stream; false if the connection would not take it. Also true when the waiter needs none any more.
    func use(_ connection: any ClientConnection) -> Bool
    func failed(_ error: HTTPClientError)
}

/// The connections of one event loop to one origin. Connects on demand, the next connection only when the present ones
/// are full, and after a failure not before a pause that doubles from 50 ms to 1 s.
///
/// `@unchecked Sendable`: confined to its event loop; others reach it by `LoopContext.post`.
final class ConnectionPool: HTTP2ConnectionOwner, @unchecked Sendable {
    let target: ConnectionTarget
    let loop: LoopContext
    private let onReady: @Sendable (PeerIdentity?) -> Void
    private var ready: [any ClientConnection] = []
    private var connecting = 0
    private var waiting = CircularBuffer<any PoolWaiter>()
    private var pause: TimeAmount?
    private var retry: Scheduled<Void>?
    private var isShutDown = false
    private let ended: Latch
    /// Everything that has a channel, ready or on its way out.
    private var alive = 0

    init(target: ConnectionTarget, loop: LoopContext, ended: Latch = Latch(), onReady: @escaping @Sendable (PeerIdentity?) -> Void = { _ in }) {
        self.target = target
        self.loop = loop
        self.ended = ended
        self.onReady = onReady
    }

    // MARK: Requests

    func acquire(for waiter: any PoolWaiter) {
        guard !isShutDown else { return waiter.failed(.shutDown) }
        if waiting.isEmpty, let connection = best(), waiter.use(connection) { return }
        guard waiting.count < target.configuration.maximumWaiting else {
            return waiter.failed(.refused("\(waiting.count) requests wait for a connection to \(target.authority) already"))
        }
        waiting.append(waiter)
        grow()
    }

    func forget(_ waiter: any PoolWaiter) {
        if let index = waiting.firstIndex(where: { $0 === waiter }) { waiting.remove(at: index) }
    }

    private func best() -> (any ClientConnection)? {
        var found: (any ClientConnection)?
        for connection in ready where connection.hasRoom {
            guard let other = found else {
                found = connection
                continue
            }
            if connection.load < other.load { found = connection }
        }
        return found
    }

    private func serve() {
        while let waiter = waiting.first, let connection = best() {
            waiting.removeFirst()
            // A connection that has room and yet refuses is no good: the waiter goes on waiting for another.
            if !waiter.use(connection) {
                waiting.prepend(waiter)
                break
            }
        }
        if !waiting.isEmpty { grow() }
    }

    private func grow() {
        guard !isShutDown, connecting == 0, retry == nil, ready.count < target.configuration.maximumConnections else { return }
        connecting += 1
        guard let pause else { return target.connect(on: loop, for: self) }
        retry = loop.eventLoop.scheduleTask(in: pause) {
            self.retry = nil
            if self.isShutDown { return self.attemptFailed(.shutDown) }
            self.target.connect(on: self.loop, for: self)
        }
    }

    // MARK: Attempts

    func attemptFailed(_ error: HTTPClientError) {
        connecting -= 1
        pause = pause.map { min($0 * 2, .seconds(1)) } ?? .milliseconds(50)
        target.logger.info("Connection failed", metadata: ["origin": "\(target.authority)", "reason": "\(error)"])
        if ready.isEmpty {
            let failed = waiting
            waiting.removeAll()
            for waiter in failed { waiter.failed(error) }
        }
        endIfDone()
    }

    func isReady(_ connection: any ClientConnection) {
        connecting -= 1
        pause = nil
        alive += 1
        onReady(connection.peer)
        if isShutDown { return connection.beginDrain() }
        ready.append(connection)
        serve()
    }

    /// No new requests on this one.
    func retire(_ connection: any ClientConnection) {
        ready.removeAll { $0 === connection }
        if !waiting.isEmpty { grow() }
    }

    func closed(_ connection: any ClientConnection, wasReady: Bool, reason: String, error: TLSError?) {
        ready.removeAll { $0 === connection }
        if wasReady {
            alive -= 1
            if !waiting.isEmpty { grow() }
            endIfDone()
        } else if let error {
            attemptFailed(.tls(error))
        } else {
            // In TLS 1.3 a server that refuses our certificate does so after our handshake is done.
            attemptFailed(.tls(TLSError(.closed, "\(target.authority) ended the connection before it could be used (\(reason)); if it refused our certificate, its log says why")))
        }
    }

    func connectionIsReady(_ connection: HTTP2Connection) { isReady(connection) }
    func connectionIsDraining(_ connection: HTTP2Connection) { retire(connection) }
    func connectionHasRoom(_ connection: HTTP2Connection) { hasRoom() }
    func hasRoom() {
        if !waiting.isEmpty { serve() }
    }
    func connectionClosed(_ connection: HTTP2Connection, reason: String) {
        closed(connection, wasReady: connection.settingsReceived, reason: reason, error: connection.closeError)
    }
    func makeReceiver(for stream: HTTP2Stream) -> (any MessageReceiver)? { nil }

    // MARK: End

    /// Running requests finish, waiting ones fail; `ended` opens when the last connection is gone.
    func shutdown() {
        guard !isShutDown else { return }
        isShutDown = true
        let failed = waiting
        waiting.removeAll()
        for waiter in failed { waiter.failed(.shutDown) }
        if let retry {
            retry.cancel()
            self.retry = nil
            connecting -= 1
        }
        let connections = ready
        ready.removeAll()
        for connection in connections { connection.beginDrain() }
        loop.eventLoop.scheduleTask(in: TimeAmount(target.configuration.timeouts.drain)) {
            for connection in connections { connection.closeNow("the client was shut down") }
        }
        endIfDone()
    }

    private func endIfDone() {
        if isShutDown, alive == 0, connecting == 0 { ended.open() }
    }
}
