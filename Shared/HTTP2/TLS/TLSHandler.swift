import CHTTP2Shims
import COpenSSL
import Foundation
import NIOCore

/// TLS on one connection: libssl reads its records straight from the buffers that the channel read and writes into those
/// that the channel sends.
///
/// `ssl` and `transport` are freed in deinit only, so that a close that happens inside a write never frees what a caller
/// further up the stack still uses.
final class TLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State { case waiting, handshaking, established, failed, closed }

    private let ssl: OpaquePointer
    private let transport: UnsafeMutablePointer<chttp2_transport>
    private let context: TLSContext
    private let expectation: PeerExpectation?
    private let handshakeTimeout: TimeAmount
    private let now: @Sendable () -> Date
    private let onEstablished: (ChannelHandlerContext, TLSSession) throws -> Void
    private let onFailure: (TLSError) -> Void
    private var state = State.waiting
    /// Whether the handlers above have been set up: they hear of failures themselves.
    private var announced = false
    private var isSessionKept = false
    private var plain = ByteBuffer()
    private var timeout: Scheduled<Void>?

    /// - Parameters:
    ///   - serverName: a client's SNI; IP addresses are not sent (RFC 6066, 3).
    ///   - expectation: a client's; nil on a listener.
    ///   - onEstablished: adds the handlers of the agreed protocol; called before any application data is passed on.
    ///   - onFailure: called at most once, if the handshake fails.
    init(
        context: TLSContext, serverName: String?, expectation: PeerExpectation?, handshakeTimeout: TimeAmount, now: @escaping @Sendable () -> Date,
        onEstablished: @escaping (ChannelHandlerContext, TLSSession) throws -> Void, onFailure: @escaping (TLSError) -> Void
    ) throws(TLSError) {
        OpenSSLErrors.clear()
        guard let ssl = SSL_new(context.pointer) else {
            throw TLSError(.configuration, "libssl makes no connection: \(OpenSSLErrors.takeReasons().text)")
        }
        guard let transport = chttp2_transport_new() else {
            SSL_free(ssl)
            throw TLSError(.configuration, "out of memory for a TLS connection")
        }
        guard chttp2_transport_attach(ssl, transport) == 1 else {
            SSL_free(ssl)
            chttp2_transport_free(transport)
            throw TLSError(.configuration, "libssl refuses the transport")
        }
        if context.isServer {
            SSL_set_accept_state(ssl)
        } else {
            SSL_set_connect_state(ssl)
            context.resumeSession(on: ssl)
        }
        if let serverName { _ = chttp2_set_server_name(ssl, serverName) }
        self.ssl = ssl
        self.transport = transport
        self.context = context
        self.expectation = expectation
        self.handshakeTimeout = handshakeTimeout
        self.now = now
        self.onEstablished = onEstablished
        self.onFailure = onFailure
    }

    deinit {
        SSL_free(ssl)
        chttp2_transport_free(transport)
    }

    // MARK: Lifecycle

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard state == .waiting else { return }
        state = .handshaking
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timeout = context.eventLoop.scheduleTask(in: handshakeTimeout) {
            let (handler, context) = bound.value
            guard handler.state == .handshaking else { return }
            handler.fail(TLSError(.timeout, "the TLS handshake did not finish in time"), context)
        }
        if !self.context.isServer {
            let failure = advance()
            sendSpill(context)
            if let failure { fail(failure, context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let before = state
        state = .closed
        timeout?.cancel()
        if before == .handshaking { onFailure(TLSError(.closed, "the connection ended within the TLS handshake")) }
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Nothing is lost by ending a connection that has not carried a request.
        if event is DrainRequest, state != .established { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timeout?.cancel()
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state == .handshaking || state == .established else { return }
        let records = unwrapInboundIn(data)
        var established = false
        var failure: TLSError?
        var ended = false
        records.withUnsafeReadableBytes { bytes in
            transport.pointee.input = bytes.bindMemory(to: UInt8.self).baseAddress
            transport.pointee.input_length = bytes.count
            if state == .handshaking {
                failure = advance()
                established = state == .established
            }
            if state == .established, failure == nil { (failure, ended) = decrypt(atMost: bytes.count) }
            transport.pointee.input = nil
            transport.pointee.input_length = 0
        }
        sendSpill(context)
        if established { failure = announce(context) ?? failure }
        if plain.readableBytes > 0 {
            if !isSessionKept, !self.context.isServer, state == .established {
                // The server's tickets come before its first data.
                isSessionKept = true
                self.context.keepSession(of: ssl)
            }
            if state == .established { context.fireChannelRead(wrapInboundOut(plain)) }
            plain.clear(minimumCapacity: 0)
        }
        if let failure {
            fail(failure, context)
        } else if ended, state == .established {
            // close_notify: nothing more will come, and with HTTP there is nothing left to say.
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if plain.capacity > 32 * 1024 { plain = ByteBuffer() }
        context.fireChannelReadComplete()
    }

    private func decrypt(atMost count: Int) -> (TLSError?, ended: Bool) {
        var room = max(2048, count)
        while true {
            OpenSSLErrors.clear()
            var result: Int32 = 0
            plain.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { bytes in
                result = SSL_read(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
                return result > 0 ? Int(result) : 0
            }
            if result > 0 {
                room = max(2048, transport.pointee.input_length)
                continue
            }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return (nil, false)
            case SSL_ERROR_ZERO_RETURN: return (nil, true)
            default: return (TLSVerdict.failure(of: ssl), false)
            }
        }
    }

    // MARK: Handshake

    /// One step of the handshake. Returns the failure, if it failed; `state` is established when it is done.
    private func advance() -> TLSError? {
        OpenSSLErrors.clear()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            state = .established
            timeout?.cancel()
            return nil
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return nil
        default: return TLSVerdict.failure(of: ssl)
        }
    }

    private func announce(_ context: ChannelHandlerContext) -> TLSError? {
        let result = TLSVerdict.session(of: ssl, on: self.context, expectation: expectation, now: now())
        do {
            try onEstablished(context, try result.get())
            announced = true
            return nil
        } catch let error as TLSError {
            return error
        } catch {
            return TLSError(.configuration, "the connection cannot be set up: \(error)")
        }
    }

    private func fail(_ error: TLSError, _ context: ChannelHandlerContext) {
        guard state != .failed, state != .closed else { return }
        state = .failed
        timeout?.cancel()
        if announced { context.fireErrorCaught(error) } else { onFailure(error) }
        context.close(promise: nil)
    }

    // MARK: Writing

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard state == .established else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        let message = unwrapOutboundIn(data)
        guard message.readableBytes > 0 else {
            promise?.succeed()
            return
        }
        // A record carries up to 16 kB; header, tag and the inner content type take 22 bytes in 1.3, 29 in 1.2.
        let room = message.readableBytes + (message.readableBytes / 16384 + 1) * 64
        var records = context.channel.allocator.buffer(capacity: room)
        var result: Int32 = 0
        OpenSSLErrors.clear()
        records.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { output in
            transport.pointee.output = output.bindMemory(to: UInt8.self).baseAddress
            transport.pointee.output_capacity = output.count
            transport.pointee.output_length = 0
            result = message.withUnsafeReadableBytes { SSL_write(ssl, $0.baseAddress, Int32(clamping: $0.count)) }
            transport.pointee.output = nil
            return transport.pointee.output_length
        }
        takeSpill(into: &records)
        guard result > 0 else {
            let error = TLSVerdict.failure(of: ssl)
            promise?.fail(error)
            fail(error, context)
            return
        }
        context.write(wrapOutboundOut(records), promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if state == .established, mode != .input {
            state = .closed
            OpenSSLErrors.clear()
            _ = SSL_shutdown(ssl)
            sendSpill(context)
        }
        context.close(mode: mode, promise: promise)
    }

    private func takeSpill(into buffer: inout ByteBuffer) {
        guard transport.pointee.spill_length > 0 else { return }
        buffer.writeBytes(UnsafeRawBufferPointer(start: transport.pointee.spill, count: transport.pointee.spill_length))
        chttp2_transport_clear_spill(transport)
    }

    /// Sends handshake messages, tickets and alerts.
    private func sendSpill(_ context: ChannelHandlerContext) {
        guard transport.pointee.spill_length > 0 else { return }
        var buffer = context.channel.allocator.buffer(capacity: transport.pointee.spill_length)
        takeSpill(into: &buffer)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }
}
