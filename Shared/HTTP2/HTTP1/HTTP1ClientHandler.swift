import HTTPTypes
import NIOCore
import NIOHTTP1

/// HTTP/1.1 on one connection of a client: one request at a time, kept alive where the server agrees.
///
/// `@unchecked Sendable`: confined to its event loop.
final class HTTP1ClientHandler: ChannelDuplexHandler, ClientConnection, @unchecked Sendable {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    let peer: PeerIdentity?
    private let pool: ConnectionPool
    private let timeouts: HTTPTimeouts
    private var context: ChannelHandlerContext?
    private var exchange: HTTP1ClientStream?
    private var isLast = false
    private var idleTimer: Scheduled<Void>?
    private var readIsHeld = false
    private var wasReady = false
    private let limits: HTTPLimits

    init(pool: ConnectionPool, peer: PeerIdentity?, limits: HTTPLimits, timeouts: HTTPTimeouts) {
        self.pool = pool
        self.peer = peer
        self.timeouts = timeouts
        self.limits = limits
    }

    static func configure(_ pipeline: ChannelPipeline.SynchronousOperations, _ handler: HTTP1ClientHandler, limits: HTTPLimits) throws {
        try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
        try pipeline.addHandler(handler)
    }

    var hasRoom: Bool { context != nil && exchange == nil && !isLast }
    var load: Int { exchange == nil ? 0 : 1 }

    func openStream(head: HeaderList, endOfStream: Bool, receiver: any MessageReceiver) -> (any MessageStream)? {
        guard hasRoom, let context else { return nil }
        idleTimer?.cancel()
        let stream = HTTP1ClientStream(handler: self, receiver: receiver, requestEnded: endOfStream)
        exchange = stream
        var headers = HTTPHeaders()
        headers.add(name: "host", value: head.value(":authority") ?? "")
        for field in head.fields where !head.isPseudo(field) { headers.add(name: head.nameText(of: field), value: head.valueText(of: field)) }
        if !endOfStream, !headers.contains(name: "content-length") { headers.add(name: "transfer-encoding", value: "chunked") }
        let request = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: head.value(":method") ?? "GET"), uri: head.value(":path") ?? "/", headers: headers)
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        if endOfStream { context.write(wrapOutboundOut(.end(nil)), promise: nil) }
        context.flush()
        return stream
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Deferred, so that the pool's first request is not written while the pipeline is still being built.
        context.eventLoop.execute {
            guard self.context != nil else { return self.pool.closed(self, wasReady: false, reason: "closed at once", error: nil) }
            // First, since a pool that was shut down meanwhile closes the connection within the call.
            self.wasReady = true
            self.pool.isReady(self)
        }
        startIdleTimer()
    }

    func channelInactive(context: ChannelHandlerContext) {
        tearDown("the server closed the connection")
        context.fireChannelInactive()
    }
    func handlerRemoved(context: ChannelHandlerContext) { tearDown("the handler was removed") }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        tearDown("\(error)")
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if !head.isKeepAlive { isLast = true }
            var list = HeaderList()
            list.append(":status", String(head.status.code))
            for (name, value) in head.headers where HeaderField(name.lowercased()) != .connectionSpecific { list.append(name.lowercased(), value) }
            exchange.receiver?.received(head: list, endOfStream: false)
        case .body(let buffer): exchange.received(data: buffer)
        case .end:
            exchange.receiver?.receivedEnd(trailers: nil)
            finish(exchange)
        }
    }

    /// Reads from the socket stop while too much waits for its reader.
    func read(context: ChannelHandlerContext) {
        if let exchange, exchange.unconsumed >= limits.streamWindow { readIsHeld = true } else { context.read() }
    }

    func resumeReading() {
        guard readIsHeld, let context else { return }
        readIsHeld = false
        context.read()
    }

    private func finish(_ stream: HTTP1ClientStream) {
        exchange = nil
        resumeReading()
        // A request whose body is not finished leaves the connection in no known state.
        if !stream.requestEnded { isLast = true }
        stream.close(nil)
        if isLast {
            pool.retire(self)
            context?.close(promise: nil)
        } else {
            startIdleTimer()
            pool.hasRoom()
        }
    }

    private func startIdleTimer() {
        idleTimer = context?.eventLoop.scheduleTask(in: TimeAmount(timeouts.connectionIdle)) { [weak self] in self?.closeNow("idle") }
    }

    // MARK: For the stream

    func write(_ part: HTTPClientRequestPart, then sent: (@Sendable () -> Void)? = nil) {
        guard let context else { return }
        let written = context.writeAndFlush(wrapOutboundOut(part))
        if let sent { written.whenSuccess(sent) }
    }

    func breakOff() { closeNow("broken off") }

    // MARK: End

    func beginDrain() {
        isLast = true
        if exchange == nil { context?.close(promise: nil) }
    }

    func closeNow(_ reason: String) { context?.close(promise: nil) }

    private func tearDown(_ reason: String) {
        guard context != nil else { return }
        context = nil
        idleTimer?.cancel()
        let exchange = self.exchange
        self.exchange = nil
        exchange?.close(.connectionLost(reason: reason, headSent: true))
        if wasReady { pool.closed(self, wasReady: true, reason: reason, error: nil) }
    }
}

/// One request of an HTTP/1.1 client.
///
/// `@unchecked Sendable`: confined to its event loop.
final class HTTP1ClientStream: MessageStream, @unchecked Sendable {
    private unowned let handler: HTTP1ClientHandler
    var receiver: (any MessageReceiver)?
    private(set) var requestEnded = false

    private(set) var unconsumed = 0

    init(handler: HTTP1ClientHandler, receiver: any MessageReceiver, requestEnded: Bool) {
        self.handler = handler
        self.receiver = receiver
        self.requestEnded = requestEnded
    }

    func received(data: ByteBuffer) {
        unconsumed += data.readableBytes
        receiver?.received(data: data)
    }

    func send(head: HeaderList, endOfStream: Bool) {}

    func send(data: ByteBuffer) {
        let count = data.readableBytes
        handler.write(.body(.byteBuffer(data))) { [weak self] in self?.receiver?.sent(bytes: count) }
    }

    func sendEnd(trailers: HeaderList?) {
        guard !requestEnded else { return }
        requestEnded = true
        handler.write(.end(nil))
    }

    func consume(_ count: Int) {
        unconsumed -= min(count, unconsumed)
        if receiver != nil { handler.resumeReading() }
    }

    func reset(_ code: HTTP2ErrorCode) {
        guard receiver != nil else { return }
        handler.breakOff()
    }

    func close(_ failure: StreamFailure?) {
        let receiver = self.receiver
        self.receiver = nil
        receiver?.closed(failure)
    }
}
