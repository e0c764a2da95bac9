import HTTPTypes
import Hummingbird
import NIOCore

/// Where a response goes: its parts are posted to the event loop.
protocol ResponseSink: AnyObject, Sendable {
    var gate: OutboundGate { get }
    func send(head: HeaderList, data: ByteBuffer?, end: Bool, trailers: HeaderList?)
    func send(data: ByteBuffer)
    func sendEnd(trailers: HeaderList?)
    func abort()
}

/// Turns what a response body writes into as few posts as possible: a body that is complete with its first part leaves
/// together with the head.
///
/// `@unchecked Sendable`: used by one task at a time, that of the request.
final class ResponseSender: @unchecked Sendable {
    private enum Phase { case head, body, done }
    private let sink: any ResponseSink
    private let head: HeaderList
    private let contentLength: Int?
    private let isWithoutBody: Bool
    private var phase = Phase.head
    private var held: ByteBuffer?

    init(sink: any ResponseSink, response: Response, isHead: Bool, date: String) {
        self.sink = sink
        let code = response.status.code
        // These have no body and say nothing of its length (RFC 9110, 8.6).
        let noLength = code == 204 || code / 100 == 1
        var head = HeaderList(response: response.head, leavingOutContentLength: noLength)
        if head.first("date") == nil { head.append("date", date) }
        self.head = head
        contentLength = response.body.contentLength
        isWithoutBody = isHead || noLength || code == 304
    }

    func write(_ buffer: ByteBuffer) async throws {
        guard !isWithoutBody, buffer.readableBytes > 0, phase != .done else { return }
        try sink.gate.enter(buffer.readableBytes)
        if phase == .head {
            phase = .body
            if contentLength == buffer.readableBytes {
                held = buffer
                return
            }
            sink.send(head: head, data: buffer, end: false, trailers: nil)
        } else {
            releaseHeld()
            sink.send(data: buffer)
        }
        try await sink.gate.waitForRoom()
    }

    func finish(trailers: HTTPFields?) throws {
        let trailers = isWithoutBody ? nil : trailers.map { HeaderList(trailers: $0) }
        switch phase {
        case .head: sink.send(head: head, data: nil, end: true, trailers: trailers)
        case .body:
            if let held {
                self.held = nil
                sink.send(head: head, data: held, end: true, trailers: trailers)
            } else {
                sink.sendEnd(trailers: trailers)
            }
        case .done: return
        }
        phase = .done
    }

    /// The body failed half way: the client must not take what it has for the whole.
    func abort() {
        guard phase != .done else { return }
        phase = .done
        sink.abort()
    }

    private func releaseHeld() {
        guard let held else { return }
        self.held = nil
        sink.send(head: head, data: held, end: false, trailers: nil)
    }
}

/// What Hummingbird writes a response body to.
struct ResponseBodyStream: ResponseBodyWriter {
    let sender: ResponseSender
    mutating func write(_ buffer: ByteBuffer) async throws { try await sender.write(buffer) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { try sender.finish(trailers: trailingHeaders) }
}
