import Logging
import NIOCore

/// One request on its way through: from a stream of the listener to a stream of an upstream connection, and back.
///
/// `@unchecked Sendable`: both streams, the pool and this live on one event loop.
final class ForwardedExchange: MessageReceiver, PoolWaiter, @unchecked Sendable {
    private let downstream: any MessageStream
    private let connection: ServedConnection
    private let forwarder: Forwarder

    private var upstreamIndex: Int?
    private var requestHead = HeaderList()
    private var responseEdits = HeaderEdits.none
    private var maximumBody: Int?
    private var tooLarge = LocalResponse(status: 413)
    private var unavailable = LocalResponse(status: 503)

    private var upstream: (any MessageStream)?
    private var side: UpstreamSide?
    /// Body that came before there was an upstream stream; its window is not given back meanwhile.
    private var early = BufferQueue()
    private var requestEnded = false
    private var requestTrailers: HeaderList?
    private var requestBytes = 0
    private var responseBytes = 0
    private var responseStatus: Int?
    private var responseEnded = false
    private var isOver = false
    private var attempts = 0
    private var failure: String?
    private let begin = NIODeadline.now()

    init(downstream: any MessageStream, connection: ServedConnection, forwarder: Forwarder) {
        self.downstream = downstream
        self.connection = connection
        self.forwarder = forwarder
    }

    // MARK: The client's side

    func received(head: borrowing HeaderList, endOfStream: Bool) {
        let list = copy head
        requestEnded = endOfStream
        switch forwarder.policy(ForwardedRequest(list: list, peer: connection.peer, remoteAddress: connection.remoteAddress)) {
        case .respond(let response):
            if forwarder.onFinish != nil { requestHead = list }
            respond(response)
        case .forward(let index, let edits, let responseEdits, let maximumBody, let tooLarge, let unavailable):
            requestHead = list.forwardedRequest(edits)
            self.responseEdits = responseEdits
            self.maximumBody = maximumBody
            self.tooLarge = tooLarge
            self.unavailable = unavailable
            guard forwarder.pools.indices.contains(index) else { return failed(.refused("the policy names upstream \(index), which does not exist")) }
            upstreamIndex = index
            if let maximumBody, let length = list.contentLength, length > maximumBody { return respond(tooLarge) }
            if !endOfStream, let field = list.first("expect"), list.valueText(of: field).lowercased() == "100-continue" {
                var informational = HeaderList()
                informational.append(":status", "100")
                downstream.send(head: informational, endOfStream: false)
            }
            attempts = 1
            forwarder.pools[index].acquire(for: self)
        }
    }

    func received(data: ByteBuffer) {
        guard !isOver else { return downstream.consume(data.readableBytes) }
        requestBytes += data.readableBytes
        if let maximumBody, requestBytes > maximumBody {
            downstream.consume(data.readableBytes)
            breakOffUpstream()
            return responseStatus == nil ? respond(tooLarge) : breakOffDownstream()
        }
        if let upstream { upstream.send(data: data) } else { early.append(data) }
    }

    func receivedEnd(trailers: HeaderList?) {
        requestEnded = true
        guard !isOver else { return }
        let forwarded = trailers?.forwardedTrailers()
        if let upstream { upstream.sendEnd(trailers: forwarded) } else { requestTrailers = forwarded }
    }

    func sent(bytes: Int) { upstream?.consume(bytes) }

    func closed(_ error: StreamFailure?) {
        if let error, failure == nil, !responseEnded { failure = "the client went away: \(error)" }
        isOver = true
        breakOffUpstream()
        finish()
    }

    // MARK: The pool's side

    func use(_ connection: any ClientConnection) -> Bool {
        guard !isOver else { return true }
        let side = UpstreamSide(exchange: self)
        let endOfStream = requestEnded && early.isEmpty && requestTrailers == nil
        guard let stream = connection.openStream(head: requestHead, endOfStream: endOfStream, receiver: side) else { return false }
        upstream = stream
        self.side = side
        (stream as? HTTP2Stream)?.responseLimit = forwarder.upstreamTimeout
        if !endOfStream {
            if !early.isEmpty {
                var buffer = ByteBuffer()
                early.move(early.readableBytes, to: &buffer)
                stream.send(data: buffer)
            }
            if requestEnded { stream.sendEnd(trailers: requestTrailers) }
        }
        return true
    }

    func failed(_ error: HTTPClientError) {
        guard !isOver else { return }
        failure = "\(error)"
        forwarder.logger.warning(
            "Upstream unavailable", metadata: ["upstream": "\(upstreamIndex ?? -1)", "path": "\(requestHead.value(":path") ?? "")", "reason": "\(error)"])
        if responseStatus == nil { respond(unavailable) } else { breakOffDownstream() }
    }

    // MARK: The upstream's side

    fileprivate func upstreamHead(_ head: borrowing HeaderList, endOfStream: Bool) {
        guard !isOver else { return }
        responseStatus = head.status
        responseEnded = endOfStream
        downstream.send(head: head.forwardedResponse(responseEdits), endOfStream: endOfStream)
    }

    fileprivate func upstreamInformational(_ head: borrowing HeaderList) {
        // 100 was answered here already; 103 and the like may pass.
        guard !isOver, let status = head.status, status > 101 else { return }
        downstream.send(head: head.forwardedResponse(.none), endOfStream: false)
    }

    fileprivate func upstreamData(_ data: ByteBuffer) {
        guard !isOver else {
            upstream?.consume(data.readableBytes)
            return
        }
        responseBytes += data.readableBytes
        downstream.send(data: data)
    }

    fileprivate func upstreamEnd(_ trailers: HeaderList?) {
        responseEnded = true
        guard !isOver else { return }
        downstream.sendEnd(trailers: trailers?.forwardedTrailers())
    }

    fileprivate func upstreamSent(_ bytes: Int) { downstream.consume(bytes) }

    fileprivate func upstreamClosed(_ side: UpstreamSide, _ error: StreamFailure?) {
        guard side === self.side else { return }
        upstream = nil
        self.side = nil
        guard !isOver, !responseEnded else { return }
        let error = error ?? .reset(.noError)
        if responseStatus == nil, mayRepeat(after: error), let index = upstreamIndex {
            attempts += 1
            return forwarder.pools[index].acquire(for: self)
        }
        failed(ClientExchange.error(of: error))
    }

    /// Only what certainly was not processed, and of which no body has gone out of hand.
    private func mayRepeat(after error: StreamFailure) -> Bool {
        guard attempts < 3, requestBytes == 0 else { return false }
        switch error {
        case .notProcessed, .connectionLost(_, headSent: false): return true
        default: return false
        }
    }

    // MARK: End

    private func respond(_ response: LocalResponse) {
        isOver = true
        responseStatus = response.status
        responseBytes = response.body.count
        let rest = early.readableBytes
        early.removeAll()
        downstream.consume(rest)
        var head = HeaderList()
        head.append(":status", String(response.status))
        head.append("date", connection.date.value)
        head.append("content-length", number: response.body.count)
        for (name, value) in response.headers { head.append(name.lowercased(), value) }
        let isBare = response.body.isEmpty || requestHead.value(":method") == "HEAD"
        downstream.send(head: head, endOfStream: isBare)
        if !isBare {
            downstream.send(data: ByteBuffer(bytes: response.body))
            downstream.sendEnd(trailers: nil)
        }
    }

    private func breakOffDownstream() {
        isOver = true
        downstream.reset(.internalError)
    }

    private func breakOffUpstream() {
        if let upstream {
            self.upstream = nil
            side = nil
            // An upstream that has answered in full and been heard in full is done; else it is told to stop.
            if !(responseEnded && requestEnded) { upstream.reset(.cancel) }
        } else if let upstreamIndex, responseStatus == nil {
            forwarder.pools[upstreamIndex].forget(self)
        }
    }

    private func finish() {
        guard let onFinish = forwarder.onFinish else { return }
        let elapsed = NIODeadline.now() - begin
        onFinish(
            ForwardingRecord(
                method: requestHead.value(":method") ?? "", path: requestHead.value(":path") ?? "", remoteAddress: connection.remoteAddress,
                upstream: upstreamIndex, status: responseStatus, failure: failure, requestBytes: requestBytes, responseBytes: responseBytes,
                duration: .nanoseconds(elapsed.nanoseconds)))
    }
}

/// Hears what the upstream sends.
final class UpstreamSide: MessageReceiver {
    private let exchange: ForwardedExchange
    init(exchange: ForwardedExchange) { self.exchange = exchange }

    func received(head: borrowing HeaderList, endOfStream: Bool) { exchange.upstreamHead(head, endOfStream: endOfStream) }
    func received(informational: borrowing HeaderList) { exchange.upstreamInformational(informational) }
    func received(data: ByteBuffer) { exchange.upstreamData(data) }
    func receivedEnd(trailers: HeaderList?) { exchange.upstreamEnd(trailers) }
    func sent(bytes: Int) { exchange.upstreamSent(bytes) }
    func closed(_ error: StreamFailure?) { exchange.upstreamClosed(self, error) }
}
