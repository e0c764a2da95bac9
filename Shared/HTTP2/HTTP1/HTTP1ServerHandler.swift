import Logging
import NIOCore
import NIOHTTP1

/// HTTP/1.1 on one connection: NIO's parser below, the same exchanges as HTTP/2's above. One request at a time.
final class HTTP1ServerHandler: ChannelDuplexHandler, @unchecked Sendable {
    // `@unchecked Sendable`: confined to its event loop, like every channel handler.
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Bytes of a request answered before its end that are still read; more than most that a client sends before it looks for the answer.
    static let maximumUnread = 1 << 20

    private let connection: ServedConnection
    private let limits: HTTPLimits
    private let timeouts: HTTPTimeouts
    private let makeReceiver: ReceiverFactory
    private let arrivals: HTTP1Arrivals
    private var context: ChannelHandlerContext?
    private var exchange: HTTP1Exchange?
    /// The rest of a request that was refused: dropped until the connection closes.
    private var isDiscarding = false
    private var readIsHeld = false
    private var isLast = false
    /// The rest of a request that was answered before its end: read and thrown away, since closing on bytes under way resets the connection,
    /// and the answer with it (RFC 9112, 9.6). It comes also from who waits for leave: 100 goes out before any answer.
    private var unread: (left: Int, since: NIODeadline)?
    private var isLastSent = false
    private var sweeper: RepeatedTask?

    init(connection: ServedConnection, limits: HTTPLimits, timeouts: HTTPTimeouts, makeReceiver: @escaping ReceiverFactory) {
        self.connection = connection
        self.limits = limits
        self.timeouts = timeouts
        self.makeReceiver = makeReceiver
        arrivals = HTTP1Arrivals(now: .now())
    }

    static func configure(_ pipeline: ChannelPipeline.SynchronousOperations, _ handler: HTTP1ServerHandler, limits: HTTPLimits) throws {
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = limits.headerListSize
        decoder.maxHeaderListSize = limits.headerListSize
        try pipeline.addHandler(handler.arrivals)
        try pipeline.configureHTTPServerPipeline(withEncoderConfiguration: .init(), withDecoderLimitConfiguration: decoder)
        try pipeline.addHandler(handler)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let delay = timeouts.sweep
        sweeper = context.eventLoop.scheduleRepeatedTask(initialDelay: delay, delay: delay) { [weak self] _ in self?.sweep() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { tearDown() }

    func channelInactive(context: ChannelHandlerContext) {
        tearDown()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        connection.logger.info("HTTP/1.1 connection broken", metadata: ["peer": "\(connection.remoteAddress)", "reason": "\(error)"])
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is DrainRequest {
            isLast = true
            if exchange == nil { context.close(promise: nil) }
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let buffer): if unread == nil { exchange?.received(data: buffer) } else { drop(buffer.readableBytes, context) }
        case .end(let trailers): if unread == nil { exchange?.receivedEnd(trailers: trailers) } else { unreadEnded(context) }
        }
    }

    private func drop(_ count: Int, _ context: ChannelHandlerContext) {
        unread?.left -= count
        if let unread, unread.left < 0 { context.close(promise: nil) }
    }

    private func unreadEnded(_ context: ChannelHandlerContext) {
        unread = nil
        arrivals.responseEnded(now: .now())
        if isLastSent { context.close(promise: nil) }
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

    private func begin(_ head: HTTPRequestHead) {
        arrivals.headArrived()
        guard !isDiscarding, exchange == nil else { return }
        switch HTTP1RequestCheck.headerList(head, maximumSize: limits.headerListSize) {
        case .failure(let refusal): refuse(refusal)
        case .success(let list):
            if !head.isKeepAlive { isLast = true }
            let exchange = HTTP1Exchange(handler: self, isHead: head.method == .HEAD, isOldVersion: head.version == .http1_0, now: .now())
            guard let receiver = makeReceiver(exchange, connection) else { return refuse(HTTP1Refusal(status: 503, reason: "too many requests")) }
            exchange.receiver = receiver
            self.exchange = exchange
            // NIO reports the end separately: whether there is a body is known from the framing fields alone.
            let hasBody = head.headers.contains(name: "transfer-encoding") || (head.headers.first(name: "content-length").map { $0 != "0" } ?? false)
            exchange.receivedHead(list, endOfStream: !hasBody)
        }
    }

    private func refuse(_ refusal: HTTP1Refusal) {
        connection.logger.info(
            "HTTP/1.1 request refused", metadata: ["peer": "\(connection.remoteAddress)", "status": "\(refusal.status)", "reason": "\(refusal.reason)"])
        isDiscarding = true
        guard let context else { return }
        let headers: HTTPHeaders = ["content-length": "0", "connection": "close", "date": connection.date.value]
        context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: .init(statusCode: refusal.status), headers: headers))), promise: nil)
        closeAfter(context)
    }

    private func closeAfter(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
    }

    // MARK: Writing, for the exchange

    func write(head: HTTPResponseHead) {
        guard let context else { return }
        var head = head
        if isLast, head.status.code >= 200 { head.headers.replaceOrAdd(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.flush()
    }

    func write(body: ByteBuffer) {
        guard let context, let exchange else { return }
        let count = body.readableBytes
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(body)))).whenSuccess { exchange.sent(bytes: count) }
    }

    func writeEnd(trailers: HTTPHeaders?, requestEnded: Bool) {
        guard let context, let exchange else { return }
        self.exchange = nil
        if !requestEnded { unread = (Self.maximumUnread, .now()) }
        guard isLast else {
            if unread == nil { arrivals.responseEnded(now: .now()) }
            context.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: nil)
            exchange.close(nil)
            resumeReading()
            return
        }
        isDiscarding = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(trailers))).whenComplete { [self] _ in
            exchange.close(nil)
            isLastSent = true
            if unread == nil { bound.value.close(promise: nil) } else { resumeReading() }
        }
    }

    /// HTTP/1.1 can break off a response only together with the connection.
    func breakOff() { context?.close(promise: nil) }

    /// The connection ends after this exchange.
    func makeLast() { isLast = true }

    // MARK: End

    private func sweep() {
        guard let context else { return }
        let now = NIODeadline.now()
        if let exchange {
            if exchange.peerIsLate(now: now, limit: TimeAmount(timeouts.bodyIdle)) {
                exchange.close(.timeout)
                context.close(promise: nil)
            }
        } else if let unread {
            if now - unread.since > TimeAmount(timeouts.bodyIdle) { context.close(promise: nil) }
        } else if arrivals.isLate(now: now, headers: TimeAmount(timeouts.headers), idle: TimeAmount(timeouts.connectionIdle)) {
            context.close(promise: nil)
        }
    }

    private func tearDown() {
        sweeper?.cancel()
        context = nil
        let exchange = self.exchange
        self.exchange = nil
        exchange?.close(.connectionLost(reason: "the client closed the connection", headSent: true))
    }
}

/// Sees the bytes before they are parsed, so that a head that comes drop by drop is noticed.
final class HTTP1Arrivals: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    /// A request head has begun, or the connection has just been made.
    private var headSince: NIODeadline?
    private var idleSince: NIODeadline
    private var isBetweenRequests = true

    init(now: NIODeadline) {
        headSince = now
        idleSince = now
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isBetweenRequests, headSince == nil { headSince = .now() }
        context.fireChannelRead(data)
    }

    func headArrived() {
        isBetweenRequests = false
        headSince = nil
    }
    func responseEnded(now: NIODeadline) {
        isBetweenRequests = true
        idleSince = now
    }

    func isLate(now: NIODeadline, headers: TimeAmount, idle: TimeAmount) -> Bool {
        if let headSince { return now - headSince > headers }
        return isBetweenRequests && now - idleSince > idle
    }
}
