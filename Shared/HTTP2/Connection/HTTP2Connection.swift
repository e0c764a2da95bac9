import CNGHTTP2
import HTTPTypes
import Logging
import NIOCore

/// Told of what happens to a connection as a whole. Called on its event loop.
protocol HTTP2ConnectionOwner: AnyObject {
    /// A server's: a request begins; the owner gives the stream its receiver, or nil to refuse it.
    func makeReceiver(for stream: HTTP2Stream) -> (any MessageReceiver)?
    /// The peer's settings have come: a client may send.
    func connectionIsReady(_ connection: HTTP2Connection)
    /// No new streams: GOAWAY was sent or received.
    func connectionIsDraining(_ connection: HTTP2Connection)
    /// A stream ended, so there is room for another.
    func connectionHasRoom(_ connection: HTTP2Connection)
    func connectionClosed(_ connection: HTTP2Connection, reason: String)
}

/// HTTP/2 on one connection: nghttp2's session between the TLS handler and the streams.
///
/// The session is freed in deinit only: a flush can close the channel while nghttp2 is still on the stack.
///
/// `@unchecked Sendable`: confined to its event loop; others reach it by `LoopContext.post` only.
final class HTTP2Connection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Role { case server, client }
    /// The stages of an orderly end by our side: announced, all in flight seen, done.
    enum Drain { case no, announced, final }

    let role: Role
    let loop: LoopContext
    let limits: HTTPLimits
    let timeouts: HTTPTimeouts
    let peer: PeerIdentity?
    let remoteAddress: String
    let logger: Logger
    let session: OpaquePointer
    var owner: (any HTTP2ConnectionOwner)?
    var context: ChannelHandlerContext?
    var streams: [Int32: HTTP2Stream] = [:]

    // Receiving
    var incoming = HeaderList()
    var incomingStream: HTTP2Stream?
    var headerSectionSince: NIODeadline?
    /// Bytes of header fields beyond the limit, not kept.
    var excess = 0
    var input: ByteBuffer?
    var inputBase: UnsafeRawPointer?
    var isReceiving = false
    var now: NIODeadline
    var settingsReceived = false
    var resets: TokenBucket
    var controlFrames: TokenBucket
    var remoteConcurrentStreams = 100

    // Sending
    var outgoing = ByteBuffer()
    var isDirty = false
    var isDraining = false

    // End
    var drain = Drain.no
    var isClosed = false
    let since: NIODeadline
    var lastActivity: NIODeadline
    var sweeper: RepeatedTask?
    var closeReason: String?
    /// What TLS said, if TLS ended the connection.
    var closeError: TLSError?
    var goAwayReceived = false


    init(
        role: Role, loop: LoopContext, limits: HTTPLimits, timeouts: HTTPTimeouts, peer: PeerIdentity?, remoteAddress: String, owner: any HTTP2ConnectionOwner,
        logger: Logger
    ) throws(HTTP2SetupError) {
        session = try HTTP2Session.make(role: role, limits: limits)
        let now = NIODeadline.now()
        self.role = role
        self.loop = loop
        self.limits = limits
        self.timeouts = timeouts
        self.peer = peer
        self.remoteAddress = remoteAddress
        self.owner = owner
        self.logger = logger
        self.now = now
        since = now
        lastActivity = now
        resets = TokenBucket(burst: limits.resetBurst, perSecond: limits.resetsPerSecond, now: now)
        controlFrames = TokenBucket(burst: limits.controlFrameBurst, perSecond: limits.controlFramesPerSecond, now: now)
        nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { nghttp2_session_del(session) }

    /// Whether a client can open another stream now.
    var hasRoom: Bool {
        settingsReceived && !isClosed && !goAwayReceived && drain == .no && streams.count < remoteConcurrentStreams
            && nghttp2_session_check_request_allowed(session) != 0
    }
    var acceptsRequests: Bool { !isClosed && !goAwayReceived && drain == .no }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let delay = timeouts.sweep
        // Strong on purpose: a weak reference would slow down every retain of this object. Ends with `tearDown`.
        sweeper = context.eventLoop.scheduleRepeatedTask(initialDelay: delay, delay: delay) { _ in self.sweep() }
        flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) { tearDown("the handler was removed") }

    func channelInactive(context: ChannelHandlerContext) {
        tearDown(closeReason ?? "the peer closed the connection")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        closeError = closeError ?? (error as? TLSError)
        closeReason = closeReason ?? ((error as? TLSError)?.description ?? "\(error)")
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is DrainRequest { beginDrain() } else { context.fireUserInboundEventTriggered(event) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosed else { return }
        let buffer = unwrapInboundIn(data)
        now = .now()
        lastActivity = now
        input = buffer
        isReceiving = true
        let result = buffer.withUnsafeReadableBytes { bytes in
            inputBase = bytes.baseAddress
            defer { inputBase = nil }
            return nghttp2_session_mem_recv(session, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
        }
        isReceiving = false
        input = nil
        isDirty = true
        if result < 0 { abort(Int32(result)) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        loop.turn()
        drainIfDirty()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { flush() }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Client

    /// Opens a stream with this request; nil if the connection takes none.
    func open(head: HeaderList, endOfStream: Bool, receiver: any MessageReceiver) -> HTTP2Stream? {
        guard hasRoom else { return nil }
        let stream = HTTP2Stream(connection: self, id: 0, now: .now())
        guard stream.open(head: head, endOfStream: endOfStream) else { return nil }
        stream.receiver = receiver
        streams[stream.id] = stream
        return stream
    }
}

/// HTTP/2 could not be set up on a connection: nghttp2 is out of memory or refuses a setting.
struct HTTP2SetupError: Error, Sendable, CustomStringConvertible {
    let description: String
}
