import CNGHTTP2
import HTTPTypes
import NIOCore

/// From the streams to the TLS handler: once per turn of the event loop, and only while the channel takes it.
extension HTTP2Connection {
    private static let flushAt = 48 * 1024

    /// Something is to be sent at the end of this turn.
    func setDirty() {
        guard !isDirty, !isClosed else { return }
        isDirty = true
        if !isReceiving { loop.markDirty(self) }
    }

    func drainIfDirty() {
        if isDirty { flush() }
    }

    func flush() {
        guard !isDraining, !isReceiving, !isClosed, let context else { return }
        isDraining = true
        isDirty = false
        now = .now()
        while !isClosed, context.channel.isWritable {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            if count < 0 {
                closeReason = closeReason ?? "HTTP/2 cannot go on: \(String(cString: nghttp2_strerror(Int32(count))))"
                context.close(promise: nil)
                break
            }
            if count > 0, let bytes { outgoing.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count)) }
            if count == 0 || outgoing.readableBytes >= Self.flushAt {
                writeOutgoing(context)
                if count == 0 { break }
            }
        }
        writeOutgoing(context)
        isDraining = false
        if !isClosed, drain != .announced, nghttp2_session_want_read(session) == 0, nghttp2_session_want_write(session) == 0 {
            closeReason = closeReason ?? "the connection is finished"
            context.close(promise: nil)
        }
    }

    func writeOutgoing(_ context: ChannelHandlerContext) {
        guard outgoing.readableBytes > 0, !isClosed else { return }
        lastActivity = now
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        outgoing.clear()
        if outgoing.capacity > 16 * 1024, streams.isEmpty { outgoing = ByteBuffer() }
    }

    func sendData(of stream: HTTP2Stream, _ count: Int, header: UnsafePointer<UInt8>) {
        stream.frame(count, header: header, into: &outgoing)
        stream.dataWasFramed(count, now: now)
    }

    func sent(frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
            guard let stream = streams[header.stream_id] else { return }
            if header.type == UInt8(NGHTTP2_HEADERS.rawValue) { stream.headWasFramed() }
            // A response is complete and the request is not: nobody reads the rest of it (RFC 9113, 8.1).
            if role == .server, header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0, !stream.remoteEnded {
                _ = nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), header.stream_id, HTTP2ErrorCode.noError.rawValue)
            }
        case NGHTTP2_RST_STREAM.rawValue:
            // A client that makes us reset its streams costs as much as one that resets them itself.
            let mistakes = [NGHTTP2_PROTOCOL_ERROR.rawValue, NGHTTP2_FLOW_CONTROL_ERROR.rawValue, NGHTTP2_STREAM_CLOSED.rawValue, NGHTTP2_FRAME_SIZE_ERROR.rawValue]
            if role == .server, mistakes.contains(frame.pointee.rst_stream.error_code), !resets.take(now: now) { calm("too many streams broken by the client") }
        default: break
        }
    }

    /// Calls `body` with the list as nghttp2 wants it; valid only within the call.
    func withNameValues<Result>(_ list: HeaderList, _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: max(1, list.fields.count)) { fields in
            list.bytes.withUnsafeBufferPointer { bytes in
                let base = UnsafeMutablePointer(mutating: bytes.baseAddress)
                for (index, field) in list.fields.enumerated() {
                    fields[index] = nghttp2_nv(
                        name: base.map { $0 + Int(field.nameStart) }, value: base.map { $0 + field.valueStart }, namelen: Int(field.nameLength),
                        valuelen: Int(field.valueLength),
                        flags: UInt8(field.isSensitive ? NGHTTP2_NV_FLAG_NO_INDEX.rawValue : NGHTTP2_NV_FLAG_NONE.rawValue))
                }
                return body(UnsafePointer(fields.baseAddress), list.fields.count)
            }
        }
    }
}
