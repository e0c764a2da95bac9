import HTTPTypes
import NIOCore
import NIOHTTP1

/// One request and its response on an HTTP/1.1 connection.
///
/// `@unchecked Sendable`: confined to the connection's event loop.
final class HTTP1Exchange: MessageStream, @unchecked Sendable {
    private unowned let handler: HTTP1ServerHandler
    private let isHead: Bool
    private let isOldVersion: Bool
    var receiver: (any MessageReceiver)?
    private(set) var unconsumed = 0
    private var requestEnded = false
    private var headSent = false
    private var responseEnded = false
    private var isClosed = false
    private var unsent = 0
    private var lastProgress: NIODeadline

    init(handler: HTTP1ServerHandler, isHead: Bool, isOldVersion: Bool, now: NIODeadline) {
        self.handler = handler
        self.isHead = isHead
        self.isOldVersion = isOldVersion
        lastProgress = now
    }

    // MARK: From the connection

    func receivedHead(_ list: HeaderList, endOfStream: Bool) {
        requestEnded = endOfStream
        receiver?.received(head: list, endOfStream: endOfStream)
    }

    func received(data: ByteBuffer) {
        lastProgress = .now()
        unconsumed += data.readableBytes
        if let receiver { receiver.received(data: data) } else { consume(data.readableBytes) }
    }

    func receivedEnd(trailers: HTTPHeaders?) {
        guard !requestEnded else { return }
        requestEnded = true
        lastProgress = .now()
        var list: HeaderList?
        if let trailers, !trailers.isEmpty {
            var fields = HeaderList()
            for (name, value) in trailers where HeaderField(name.lowercased()) != .connectionSpecific { fields.append(name.lowercased(), value) }
            list = fields
        }
        receiver?.receivedEnd(trailers: list)
    }

    func sent(bytes: Int) {
        lastProgress = .now()
        unsent -= bytes
        receiver?.sent(bytes: bytes)
    }

    func close(_ failure: StreamFailure?) {
        guard !isClosed else { return }
        isClosed = true
        let receiver = self.receiver
        self.receiver = nil
        receiver?.closed(failure)
    }

    func peerIsLate(now: NIODeadline, limit: TimeAmount) -> Bool {
        ((!requestEnded && unconsumed == 0) || unsent > 0) && now - lastProgress > limit
    }

    // MARK: MessageStream

    func send(head list: HeaderList, endOfStream: Bool) {
        guard !isClosed, !headSent, let status = list.status else { return }
        var headers = HTTPHeaders()
        for field in list.fields where !list.isPseudo(field) { headers.add(name: list.nameText(of: field), value: list.valueText(of: field)) }
        if status / 100 == 1 {
            // HTTP/1.0 knows no informational responses (RFC 9110, 15.2).
            if !isOldVersion { handler.write(head: HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)) }
            return
        }
        headSent = true
        // Without a length the parser below would send an empty body in chunks.
        if endOfStream, status != 204, status != 304, !headers.contains(name: "content-length") { headers.add(name: "content-length", value: "0") }
        if isOldVersion, !headers.contains(name: "content-length") { handler.makeLast() }
        handler.write(head: HTTPResponseHead(version: isOldVersion ? .http1_0 : .http1_1, status: .init(statusCode: status), headers: headers))
        if endOfStream { sendEnd(trailers: nil) }
    }

    func send(data: ByteBuffer) {
        guard !isClosed, !responseEnded else { return }
        if unsent == 0 { lastProgress = .now() }
        unsent += data.readableBytes
        handler.write(body: data)
    }

    func sendEnd(trailers: HeaderList?) {
        guard !isClosed, !responseEnded else { return }
        responseEnded = true
        var headers: HTTPHeaders?
        if let trailers, !isOldVersion {
            var fields = HTTPHeaders()
            for field in trailers.fields { fields.add(name: trailers.nameText(of: field), value: trailers.valueText(of: field)) }
            headers = fields
        }
        handler.writeEnd(trailers: headers, requestEnded: requestEnded)
    }

    func consume(_ count: Int) {
        unconsumed -= min(count, unconsumed)
        if unconsumed == 0 { lastProgress = .now() }
        if !isClosed { handler.resumeReading() }
    }

    func reset(_ code: HTTP2ErrorCode) {
        guard !isClosed else { return }
        close(.reset(code))
        handler.breakOff()
    }
}
