import HTTPTypes
import NIOCore
import Synchronization

/// One request of a client, from waiting for a connection to the end of the response. Sent again only if it certainly
/// did not reach the other side.
///
/// `@unchecked Sendable`: the stored variables are touched on the event loop only; tasks use constants and `post`.
final class ClientExchange: MessageReceiver, PoolWaiter, @unchecked Sendable {
    /// What the requesting task waits for.
    enum Outcome: Sendable {
        case complete(HTTPClientResponse)
        case streaming(status: Int, HTTPFields, InboundBody)
    }
    enum RequestBody: Sendable {
        case none
        case bytes(ByteBuffer)
        /// Parts come by `send(part:)` after `opened`.
        case stream
    }
    private let pool: ConnectionPool
    private let head: HeaderList
    private let requestBody: RequestBody
    private let collects: Bool
    private let maximumBody: Int
    private let timeout: Duration
    private let isHead: Bool
    let gate = OutboundGate()
    /// Opens when a streamed request's parts can be sent.
    let opened = Latch()

    private var continuation: CheckedContinuation<Result<Outcome, HTTPClientError>, Never>?
    private var stream: (any MessageStream)?
    private var timer: Scheduled<Void>?
    private var isOver = false
    private var attempts = 0
    private var partsSent = false
    private var status: Int?
    private var fields = HTTPFields()
    private var collected = ByteBuffer()
    private var inbound: InboundBody?
    private var ended = false

    init(pool: ConnectionPool, head: HeaderList, requestBody: RequestBody, collects: Bool, maximumBody: Int, timeout: Duration, isHead: Bool) {
        self.pool = pool
        self.head = head
        self.requestBody = requestBody
        self.collects = collects
        self.maximumBody = maximumBody
        self.timeout = timeout
        self.isHead = isHead
    }

    // MARK: The task's side

    func run() async throws(HTTPClientError) -> Outcome {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if pool.loop.isHere { start(continuation) } else { pool.loop.post { self.start(continuation) } }
            }
        } onCancel: {
            pool.loop.post { self.fail(.cancelled) }
        }
        return try result.get()
    }

    /// Waits until a streamed request's part may be sent, and sends it.
    func send(part: ByteBuffer) async throws(StreamFailure) {
        try gate.enter(part.readableBytes)
        pool.loop.post {
            self.partsSent = true
            self.stream?.send(data: part)
        }
        try await gate.waitForRoom()
    }

    func finishParts() { pool.loop.post { self.stream?.sendEnd(trailers: nil) } }
    func failParts() { pool.loop.post { self.fail(.cancelled) } }

    /// The reader of a streamed response has gone.
    func abandon() {
        pool.loop.post {
            guard !self.ended, !self.isOver else { return }
            self.isOver = true
            self.stream?.reset(.cancel)
        }
    }

    // MARK: On the event loop

    private func start(_ continuation: CheckedContinuation<Result<Outcome, HTTPClientError>, Never>) {
        if isOver {
            // Cancelled before it began.
            return continuation.resume(returning: .failure(.cancelled))
        }
        self.continuation = continuation
        timer = pool.loop.eventLoop.scheduleTask(in: TimeAmount(timeout)) { self.fail(.timeout(self.timeout)) }
        attempts = 1
        pool.acquire(for: self)
    }

    func use(_ connection: any ClientConnection) -> Bool {
        guard !isOver else { return true }
        var endOfStream = false
        if case .none = requestBody { endOfStream = true }
        guard let stream = connection.openStream(head: head, endOfStream: endOfStream, receiver: self) else { return false }
        self.stream = stream
        switch requestBody {
        case .none: break
        case .bytes(let buffer):
            stream.send(data: buffer)
            stream.sendEnd(trailers: nil)
        case .stream: opened.open()
        }
        return true
    }

    func failed(_ error: HTTPClientError) { fail(error) }

    private func fail(_ error: HTTPClientError) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        gate.close(.reset(.cancel))
        opened.open()
        if stream == nil { pool.forget(self) }
        stream?.reset(.cancel)
        inbound?.finish(.failure(error))
        answer(.failure(error))
    }

    private func answer(_ result: Result<Outcome, HTTPClientError>) {
        let continuation = self.continuation
        self.continuation = nil
        continuation?.resume(returning: result)
    }

    // MARK: MessageReceiver

    func received(head list: borrowing HeaderList, endOfStream: Bool) {
        guard !isOver else { return }
        guard let status = list.status, let fields = list.makeFields() else { return fail(.malformedResponse("no status, or a field name that is none")) }
        self.status = status
        self.fields = fields
        ended = endOfStream
        if collects {
            if let length = list.contentLength, length > maximumBody, !isHead { return fail(.tooLarge(limit: maximumBody)) }
            if endOfStream { complete() }
            return
        }
        timer?.cancel()
        let inbound = InboundBody { [weak self] count in self?.giveBack(count) }
        self.inbound = inbound
        if endOfStream { inbound.finish(.success(nil)) }
        answer(.success(.streaming(status: status, fields, inbound)))
    }

    func received(data: ByteBuffer) {
        guard !isOver, collects else {
            if let inbound, !isOver { inbound.append(data) } else { stream?.consume(data.readableBytes) }
            return
        }
        stream?.consume(data.readableBytes)
        guard collected.readableBytes + data.readableBytes <= maximumBody else { return fail(.tooLarge(limit: maximumBody)) }
        collected.writeImmutableBuffer(data)
    }

    func receivedEnd(trailers: HeaderList?) {
        ended = true
        guard !isOver else { return }
        if collects { complete() } else { inbound?.finish(.success(trailers)) }
    }

    func sent(bytes: Int) {
        if case .stream = requestBody { gate.leave(bytes) }
    }

    func closed(_ failure: StreamFailure?) {
        stream = nil
        guard !isOver, !ended else {
            gate.close(.reset(.noError))
            return
        }
        let failure = failure ?? .reset(.noError)
        if mayRepeat(after: failure) {
            attempts += 1
            return pool.acquire(for: self)
        }
        if case .notProcessed = failure { return fail(.goAway("\(pool.target.authority) refused the request \(attempts) times")) }
        fail(Self.error(of: failure))
    }

    private func complete() {
        isOver = true
        timer?.cancel()
        gate.close(.reset(.noError))
        opened.open()
        answer(.success(.complete(HTTPClientResponse(status: .init(code: status ?? 0), headerFields: fields, body: Array(collected.readableBytesView)))))
    }

    private func mayRepeat(after failure: StreamFailure) -> Bool {
        guard status == nil, attempts < 3, !partsSent else { return false }
        switch failure {
        case .notProcessed, .connectionLost(_, headSent: false): return true
        default: return false
        }
    }

    private func giveBack(_ count: Int) {
        if pool.loop.eventLoop.inEventLoop { stream?.consume(count) } else { pool.loop.post { self.stream?.consume(count) } }
    }

    static func error(of failure: StreamFailure) -> HTTPClientError {
        switch failure {
        case .reset(let code): .streamReset(code)
        case .notProcessed: .goAway("the request was not processed")
        case .connectionLost(let reason, _): .connectionLost(reason)
        case .timeout: .connectionLost("the peer sent nothing in time")
        }
    }
}
