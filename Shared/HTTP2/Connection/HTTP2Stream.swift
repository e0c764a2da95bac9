import CNGHTTP2
import HTTPTypes
import NIOCore

/// One stream of an HTTP/2 connection, on either side.
///
/// `@unchecked Sendable`: confined to the connection's event loop; tasks reach it by `LoopContext.post` only.
final class HTTP2Stream: MessageStream, @unchecked Sendable {
    let connection: HTTP2Connection
    fileprivate(set) var id: Int32
    var receiver: (any MessageReceiver)?

    /// Body bytes that wait for window and for their turn.
    private var queue = BufferQueue()
    private var queueEnded = false
    private var trailers: HeaderList?
    /// nghttp2 stopped asking for data until it is told to resume.
    private var isDeferred = false

    /// The final head has been received.
    var hasReceivedHead = false
    var headerSectionTooLarge = false
    private(set) var remoteEnded = false
    private(set) var headFramed = false
    private(set) var isClosed = false
    /// Received bytes whose window has not been given back.
    private var unconsumed = 0
    private var lastProgress: NIODeadline
    /// Why we broke it off ourselves.
    private var ownFailure: StreamFailure?
    /// How long a client waits for the response's head after the last progress.
    var responseLimit: TimeAmount?

    init(connection: HTTP2Connection, id: Int32, now: NIODeadline) {
        self.connection = connection
        self.id = id
        lastProgress = now
    }

    // MARK: Sending

    func send(head: HeaderList, endOfStream: Bool) {
        guard !isClosed else { return }
        let isInformational = (head.status ?? 0) / 100 == 1
        connection.withNameValues(head) { fields, count in
            if isInformational {
                _ = nghttp2_submit_headers(connection.session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, nil, fields, count, nil)
            } else if endOfStream {
                queueEnded = true
                _ = nghttp2_submit_response(connection.session, id, fields, count, nil)
            } else {
                var provider = dataProvider()
                _ = nghttp2_submit_response(connection.session, id, fields, count, &provider)
            }
        }
        connection.setDirty()
    }

    /// Opens the stream of a client's request; false if the connection takes no more.
    func open(head: HeaderList, endOfStream: Bool) -> Bool {
        id = connection.withNameValues(head) { fields, count in
            let pointer = Unmanaged.passUnretained(self).toOpaque()
            if endOfStream {
                queueEnded = true
                return nghttp2_submit_request(connection.session, nil, fields, count, nil, pointer)
            }
            var provider = dataProvider()
            return nghttp2_submit_request(connection.session, nil, fields, count, &provider, pointer)
        }
        connection.setDirty()
        return id > 0
    }

    func send(data: ByteBuffer) {
        guard !isClosed, !queueEnded else { return }
        if queue.isEmpty { lastProgress = .now() }
        queue.append(data)
        resume()
    }

    func sendEnd(trailers: HeaderList?) {
        guard !isClosed, !queueEnded else { return }
        queueEnded = true
        if let trailers, !trailers.fields.isEmpty { self.trailers = trailers }
        resume()
    }

    func reset(_ code: HTTP2ErrorCode) {
        guard !isClosed, id > 0 else { return }
        queue.removeAll()
        _ = nghttp2_submit_rst_stream(connection.session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
        connection.setDirty()
    }

    private func resume() {
        if isDeferred {
            isDeferred = false
            _ = nghttp2_session_resume_data(connection.session, id)
        }
        connection.setDirty()
    }

    private func dataProvider() -> nghttp2_data_provider {
        nghttp2_data_provider(source: nghttp2_data_source(ptr: Unmanaged.passUnretained(self).toOpaque())) { _, _, _, length, flags, source, _ in
            guard let source, let flags, let pointer = source.pointee.ptr else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
            return Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue().announceData(atMost: length, flags)
        }
    }

    /// Tells nghttp2 how much of the queue goes into the next DATA frame; `frame(_:header:)` puts it there.
    private func announceData(atMost length: Int, _ flags: UnsafeMutablePointer<UInt32>) -> Int {
        let count = min(length, queue.readableBytes)
        if count == 0, !queueEnded {
            isDeferred = true
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        if count > 0 { flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue }
        if queueEnded, count == queue.readableBytes {
            flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
            if let trailers {
                flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
                self.trailers = nil
                connection.withNameValues(trailers) { _ = nghttp2_submit_trailer(connection.session, id, $0, $1) }
            }
        }
        return count
    }

    /// Puts a DATA frame into the connection's outgoing bytes.
    func frame(_ count: Int, header: UnsafePointer<UInt8>, into outgoing: inout ByteBuffer) {
        outgoing.writeBytes(UnsafeRawBufferPointer(start: header, count: 9))
        queue.move(count, to: &outgoing)
    }

    func dataWasFramed(_ count: Int, now: NIODeadline) {
        lastProgress = now
        receiver?.sent(bytes: count)
    }

    func headWasFramed() { headFramed = true }

    // MARK: Receiving

    func receivedHead(_ list: borrowing HeaderList, endOfStream: Bool, now: NIODeadline) {
        hasReceivedHead = true
        lastProgress = now
        if endOfStream { remoteEnded = true }
        receiver?.received(head: list, endOfStream: endOfStream)
    }

    func received(data: ByteBuffer, now: NIODeadline) {
        lastProgress = now
        unconsumed += data.readableBytes
        guard let receiver else {
            consume(data.readableBytes)
            return
        }
        receiver.received(data: data)
    }

    func receivedEnd(trailers: HeaderList?, now: NIODeadline) {
        guard !remoteEnded else { return }
        lastProgress = now
        remoteEnded = true
        receiver?.receivedEnd(trailers: trailers)
    }

    func consume(_ count: Int) {
        guard !isClosed, count > 0 else { return }
        if unconsumed == count { lastProgress = .now() }
        unconsumed -= min(count, unconsumed)
        _ = nghttp2_session_consume(connection.session, id, count)
        connection.setDirty()
    }

    // MARK: End

    /// nghttp2 has closed the stream, or the connection is gone.
    func close(_ failure: StreamFailure?) {
        guard !isClosed else { return }
        isClosed = true
        if unconsumed > 0 {
            // What nobody consumed would be missing from the connection's window for ever.
            _ = nghttp2_session_consume_connection(connection.session, unconsumed)
            connection.setDirty()
        }
        queue.removeAll()
        let receiver = self.receiver
        self.receiver = nil
        receiver?.closed(ownFailure ?? failure)
    }

    /// Breaks the stream off when the peer has let the time pass: its turn to send body, or to give window.
    func sweep(now: NIODeadline, bodyIdle: TimeAmount) {
        if let responseLimit, !hasReceivedHead, now - lastProgress > responseLimit {
            ownFailure = .timeout
            return reset(.cancel)
        }
        let peersTurn = (hasReceivedHead && !remoteEnded && unconsumed == 0) || !queue.isEmpty
        guard peersTurn, now - lastProgress > bodyIdle else { return }
        ownFailure = .timeout
        reset(.cancel)
    }
}
