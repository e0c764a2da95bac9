import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// One request on its way through a Hummingbird responder: a task of its own, with the body streamed to it and the
/// response streamed back.
///
/// `@unchecked Sendable`: the stored variables are touched on the event loop only; the task uses constants and `post`.
final class RequestExchange<Responder: HTTPResponder>: MessageReceiver, ResponseSink, @unchecked Sendable
where Responder.Context: InitializableFromSource<ConnectionSource> {
    private let stream: any MessageStream
    private let connection: ServedConnection
    private let responder: Responder
    let gate = OutboundGate()
    private var body: InboundBody?
    private var task: Task<Void, Never>?
    private var bodyEnded = false

    init(stream: any MessageStream, connection: ServedConnection, responder: Responder) {
        self.stream = stream
        self.connection = connection
        self.responder = responder
    }

    // MARK: From the connection

    func received(head: borrowing HeaderList, endOfStream: Bool) {
        guard let request = head.makeRequest() else {
            bodyEnded = true
            var refusal = HeaderList()
            refusal.append(":status", "400")
            refusal.append("content-length", "0")
            return stream.send(head: refusal, endOfStream: true)
        }
        let requestBody: RequestBody
        if endOfStream {
            bodyEnded = true
            requestBody = RequestBody(buffer: ByteBuffer())
        } else {
            if head.value("expect")?.lowercased() == "100-continue" {
                var informational = HeaderList()
                informational.append(":status", "100")
                stream.send(head: informational, endOfStream: false)
            }
            // Strong: `closed`, which always comes, lets the body go.
            let inbound = InboundBody { count in self.giveBack(count) }
            body = inbound
            requestBody = RequestBody(asyncSequence: inbound)
        }
        let source = ConnectionSource(peer: connection.peer, remoteAddress: connection.remoteAddress, channel: connection.channel, logger: connection.logger, requestID: connection.nextRequestID())
        connection.running.add(1, ordering: .relaxed)
        task = Task(executorPreference: connection.loop) {
            await self.run(Request(head: request, body: requestBody), source)
            self.connection.running.subtract(1, ordering: .relaxed)
        }
    }

    func received(data: ByteBuffer) {
        if let body { body.append(data) } else { stream.consume(data.readableBytes) }
    }

    func receivedEnd(trailers: HeaderList?) {
        bodyEnded = true
        body?.finish(.success(trailers))
    }

    func sent(bytes: Int) { gate.leave(bytes) }

    func closed(_ error: StreamFailure?) {
        if !bodyEnded { body?.finish(.failure(error ?? .reset(.noError))) }
        gate.close(error ?? .reset(.noError))
        if error != nil { task?.cancel() }
        task = nil
        body = nil
    }

    private func giveBack(_ count: Int) {
        if connection.loop.eventLoop.inEventLoop {
            stream.consume(count)
        } else {
            connection.loop.post { self.stream.consume(count) }
        }
    }

    // MARK: In the task

    private nonisolated(nonsending) func run(_ request: Request, _ source: ConnectionSource) async {
        var response: Response
        do {
            response = try await responder.respond(to: request, context: Responder.Context(source: source))
        } catch {
            if !(error is StreamFailure) && !(error is CancellationError) {
                source.logger.error("Request failed", metadata: ["request": "\(source.requestID)", "error": "\(error)", "path": "\(request.head.path ?? "")"])
            }
            response = Response(status: .internalServerError)
        }
        let sender = ResponseSender(sink: self, response: response, isHead: request.method == .head, date: connection.date.value)
        do {
            try await response.body.write(ResponseBodyStream(sender: sender))
            try sender.finish(trailers: nil)
        } catch {
            if !(error is StreamFailure) && !(error is CancellationError) {
                source.logger.error("Response body failed", metadata: ["request": "\(source.requestID)", "error": "\(error)", "path": "\(request.head.path ?? "")"])
            }
            sender.abort()
        }
    }

    // MARK: ResponseSink

    func send(head: HeaderList, data: ByteBuffer?, end: Bool, trailers: HeaderList?) {
        if connection.loop.isHere {
            begin(head, data, end: end, trailers)
        } else {
            connection.loop.post { self.begin(head, data, end: end, trailers) }
        }
    }

    func send(data: ByteBuffer) {
        if connection.loop.isHere { stream.send(data: data) } else { connection.loop.post { self.stream.send(data: data) } }
    }

    func sendEnd(trailers: HeaderList?) {
        if connection.loop.isHere { finish(trailers) } else { connection.loop.post { self.finish(trailers) } }
    }

    func abort() { connection.loop.post { self.stream.reset(.internalError) } }

    private func begin(_ head: HeaderList, _ data: ByteBuffer?, end: Bool, _ trailers: HeaderList?) {
        let bare = end && data == nil && trailers == nil
        stream.send(head: head, endOfStream: bare)
        if let data { stream.send(data: data) }
        if end && !bare { finish(trailers) }
        if bare { body?.abandon() }
    }

    private func finish(_ trailers: HeaderList?) {
        stream.sendEnd(trailers: trailers)
        // Nobody reads the request any further.
        body?.abandon()
    }
}
