import CNGHTTP2
import HTTPTypes
import Logging
import NIOCore

/// How a connection ends: in order, for abuse, broken by the peer, or because it took too long.
extension HTTP2Connection {
    func takeControlToken(_ what: String) {
        if !controlFrames.take(now: now) { calm("too many \(what)") }
    }

    /// The peer costs more than it may: GOAWAY with ENHANCE_YOUR_CALM, and the end.
    func calm(_ reason: String) {
        guard closeReason == nil else { return }
        closeReason = "abuse: \(reason)"
        logger.warning("HTTP/2 connection ended for abuse", metadata: ["peer": "\(remoteAddress)", "reason": "\(reason)"])
        _ = nghttp2_session_terminate_session(session, HTTP2ErrorCode.enhanceYourCalm.rawValue)
        setDirty()
    }

    /// nghttp2 has given the session up: say goodbye with a frame of our own, since it cannot any more.
    func abort(_ code: Int32) {
        guard let context, !isClosed else { return }
        let reason = String(cString: nghttp2_strerror(code))
        closeReason = closeReason ?? "HTTP/2 broken by the peer: \(reason)"
        let flooded = code == NGHTTP2_ERR_FLOODED.rawValue || code == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue
        logger.log(
            level: flooded ? .warning : .info, "HTTP/2 connection broken by the peer", metadata: ["peer": "\(remoteAddress)", "reason": "\(reason)"])
        if code != NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue {
            let frame: [UInt8] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, UInt8(flooded ? HTTP2ErrorCode.enhanceYourCalm.rawValue : 1)]
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: frame)), promise: nil)
        }
        context.close(promise: nil)
    }

    func sweep() {
        guard !isClosed else { return }
        let time = NIODeadline.now()
        if !settingsReceived, time - since > TimeAmount(timeouts.headers) {
            return closeNow("no HTTP/2 settings came in time")
        }
        if let since = headerSectionSince, time - since > TimeAmount(timeouts.headers) {
            return closeNow("a header section was not finished in time")
        }
        if streams.isEmpty, time - lastActivity > TimeAmount(timeouts.connectionIdle) {
            // In order, for the request that may be under way at this very moment.
            owner?.connectionIsDraining(self)
            return beginDrain()
        }
        let bodyIdle = TimeAmount(timeouts.bodyIdle)
        for stream in streams.values { stream.sweep(now: time, bodyIdle: bodyIdle) }
    }

    /// Ends in order: running streams finish, new ones are not accepted; the channel closes after the last.
    func beginDrain() {
        guard drain == .no, !isClosed, let context else { return }
        if role == .client {
            drain = .final
            _ = nghttp2_submit_goaway(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, HTTP2ErrorCode.noError.rawValue, nil, 0)
            return setDirty()
        }
        // Two GOAWAYs with a round trip between them: what is in flight is still served (RFC 9113, 6.8).
        drain = .announced
        _ = nghttp2_submit_shutdown_notice(session)
        _ = nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
        setDirty()
        context.eventLoop.scheduleTask(in: .seconds(1)) { [weak self] in self?.finishDrain() }
    }

    func finishDrain() {
        guard drain == .announced, !isClosed else { return }
        drain = .final
        let last = nghttp2_session_get_last_proc_stream_id(session)
        _ = nghttp2_submit_goaway(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, HTTP2ErrorCode.noError.rawValue, nil, 0)
        setDirty()
    }

    func closeNow(_ reason: String) {
        guard !isClosed, let context else { return }
        closeReason = closeReason ?? reason
        context.close(promise: nil)
    }

    func tearDown(_ reason: String) {
        guard !isClosed else { return }
        isClosed = true
        sweeper?.cancel()
        let open = streams.values
        streams.removeAll()
        for stream in open { stream.close(.connectionLost(reason: reason, headSent: stream.headFramed)) }
        incomingStream = nil
        context = nil
        let owner = self.owner
        self.owner = nil
        owner?.connectionClosed(self, reason: reason)
    }
}
