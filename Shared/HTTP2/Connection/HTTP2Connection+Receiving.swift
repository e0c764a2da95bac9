import CNGHTTP2
import HTTPTypes
import Logging
import NIOCore

/// From nghttp2's callbacks to the streams.
extension HTTP2Connection {
    /// Slices below this are copied, so that a small body part does not keep a large buffer alive.
    private static let copyBelow = 4096

    func beginHeaders(_ header: nghttp2_frame_hd) -> Int32 {
        incoming.removeAll()
        headerSectionSince = now
        if let known = streams[header.stream_id] {
            incomingStream = known
            return 0
        }
        guard role == .server else { return 0 }
        let stream = HTTP2Stream(connection: self, id: header.stream_id, now: now)
        guard let receiver = owner?.makeReceiver(for: stream) else {
            incomingStream = nil
            _ = nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), header.stream_id, HTTP2ErrorCode.refusedStream.rawValue)
            return 0
        }
        stream.receiver = receiver
        streams[header.stream_id] = stream
        incomingStream = stream
        return 0
    }

    func header(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, isSensitive: Bool) {
        if incoming.size > limits.headerListSize {
            // HPACK can turn few bytes into many: what is far beyond the limit ends the connection, not only the stream.
            excess += name.count + value.count + 32
            if excess > limits.headerListSize * 8 { calm("a header section of more than \(limits.headerListSize * 8) bytes") }
            return
        }
        incoming.append(name: name, value: value, isSensitive: isSensitive)
    }

    func received(frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue: receivedHeaders(header)
        case NGHTTP2_DATA.rawValue:
            if header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 {
                streams[header.stream_id]?.receivedEnd(trailers: nil, now: now)
            } else if header.length == 0 {
                takeControlToken("empty DATA frames")
            }
        case NGHTTP2_RST_STREAM.rawValue:
            if role == .server, !resets.take(now: now) { calm("too many streams reset by the client") }
        case NGHTTP2_SETTINGS.rawValue:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 { receivedSettings() }
        case NGHTTP2_PING.rawValue:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 { finishDrain() } else { takeControlToken("PING frames") }
        case NGHTTP2_GOAWAY.rawValue:
            guard role == .client, !goAwayReceived else { return }
            goAwayReceived = true
            owner?.connectionIsDraining(self)
        case NGHTTP2_WINDOW_UPDATE.rawValue: break
        default: takeControlToken("frames without use")
        }
    }

    func receivedInvalid(type: UInt8, _ code: Int32) {
        logger.debug(
            "HTTP/2 frame refused", metadata: ["peer": "\(remoteAddress)", "type": "\(type)", "reason": "\(String(cString: nghttp2_strerror(code)))"])
        takeControlToken("invalid frames")
    }

    func receivedHeaders(_ header: nghttp2_frame_hd) {
        headerSectionSince = nil
        excess = 0
        guard let stream = incomingStream, stream.id == header.stream_id else { return }
        incomingStream = nil
        let endOfStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        if incoming.size > limits.headerListSize { return refuseHeaders(of: stream) }
        if stream.hasReceivedHead { return stream.receivedEnd(trailers: incoming, now: now) }
        if role == .client, let status = incoming.status, status / 100 == 1 {
            stream.receiver?.received(informational: incoming)
            return
        }
        stream.receivedHead(incoming, endOfStream: endOfStream, now: now)
    }

    func refuseHeaders(of stream: HTTP2Stream) {
        logger.info("Header section too large", metadata: ["peer": "\(remoteAddress)", "limit": "\(limits.headerListSize)"])
        if role == .server, !stream.hasReceivedHead {
            let receiver = stream.receiver
            stream.receiver = nil
            receiver?.closed(.reset(.enhanceYourCalm))
            var head = HeaderList()
            head.append(":status", "431")
            head.append("content-length", "0")
            stream.send(head: head, endOfStream: true)
        } else {
            stream.reset(.enhanceYourCalm)
        }
    }

    func received(data: UnsafeBufferPointer<UInt8>, of id: Int32) {
        guard let stream = streams[id], let start = UnsafeRawPointer(data.baseAddress) else {
            _ = nghttp2_session_consume(session, id, data.count)
            return
        }
        if data.count >= Self.copyBelow, let input, let inputBase, start >= inputBase,
            let slice = input.getSlice(at: input.readerIndex + (start - inputBase), length: data.count)
        {
            stream.received(data: slice, now: now)
        } else {
            stream.received(data: ByteBuffer(bytes: data), now: now)
        }
    }

    func receivedSettings() {
        remoteConcurrentStreams = Int(min(nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 10_000))
        if settingsReceived { takeControlToken("SETTINGS frames") }
        let first = !settingsReceived
        settingsReceived = true
        if first { owner?.connectionIsReady(self) }
    }

    func streamClosed(_ id: Int32, _ code: HTTP2ErrorCode) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        if incomingStream === stream {
            incomingStream = nil
            headerSectionSince = nil
        }
        let failure: StreamFailure? =
            switch code {
            case .noError where stream.remoteEnded || role == .server: nil
            case .refusedStream where role == .client: .notProcessed
            default: .reset(code)
            }
        stream.close(failure)
        if streams.isEmpty { lastActivity = now }
        owner?.connectionHasRoom(self)
    }
}
