import HTTPTypes
import NIOCore

/// The sending half of one request/response exchange, whatever version of HTTP carries it. Confined to its event loop.
protocol MessageStream: AnyObject {
    /// Sends the head, final or informational (status 1xx).
    func send(head: HeaderList, endOfStream: Bool)
    /// Queues body bytes; the receiver hears of them by `sent(bytes:)` as they leave the queue.
    func send(data: ByteBuffer)
    func sendEnd(trailers: HeaderList?)
    /// Gives back receive window for bytes that `received(data:)` handed over.
    func consume(_ count: Int)
    /// Breaks the exchange off.
    func reset(_ code: HTTP2ErrorCode)
}

/// The receiving half: told what comes in on one exchange. Called on the exchange's event loop only.
protocol MessageReceiver: AnyObject {
    /// The final head. The list is only borrowed: it is reused after the call.
    func received(head: borrowing HeaderList, endOfStream: Bool)
    /// An informational response head (status 1xx).
    func received(informational: borrowing HeaderList)
    func received(data: ByteBuffer)
    func receivedEnd(trailers: HeaderList?)
    /// So many body bytes have left the queue for the connection.
    func sent(bytes: Int)
    /// The last call: the exchange is over; `error` is nil if both sides ended it properly.
    func closed(_ error: StreamFailure?)
}

extension MessageReceiver {
    func received(informational: borrowing HeaderList) {}
    func sent(bytes: Int) {}
}

/// How a stream failed.
enum StreamFailure: Error, Sendable, Hashable {
    /// RST_STREAM with this code, from either side.
    case reset(HTTP2ErrorCode)
    /// The other side states that it has not processed the request: it may be sent again (RFC 9113, 8.7).
    case notProcessed
    /// The connection ended; the request's head had left it or not.
    case connectionLost(reason: String, headSent: Bool)
    /// A time limit of ours.
    case timeout
}

extension HTTP2ErrorCode {
    /// The code's name as RFC 9113, 7 writes it.
    var name: String {
        let names = [
            "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM",
            "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
        ]
        return Int(rawValue) < names.count ? names[Int(rawValue)] : "error \(rawValue)"
    }
}
