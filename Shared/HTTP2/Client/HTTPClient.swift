public import Foundation
public import HTTPTypes
public import Logging
public import NIOCore
import NIOPosix
import Synchronization

/// A client of one origin: few connections, many requests on each. Connects on demand; a connection counts as up only
/// when the server's settings have come. A request is repeated only if it certainly was not processed.
///
/// Requests from a task that runs on an event loop of the group, as those of our servers do, use connections of that event
/// loop: nothing passes between threads. All others share the connections of one event loop.
public final class HTTPClient: Sendable {
    public let origin: URL
    private let target: Result<ConnectionTarget, HTTPClientError>
    /// By event loop; empty if the origin is unusable.
    private let pools: [ObjectIdentifier: ConnectionPool]
    /// For callers that run on none of the event loops.
    private let common: ConnectionPool?
    private let ended: [Latch]
    private let peer: PeerBox

    private final class PeerBox: Sendable {
        let identity = Mutex<PeerIdentity?>(nil)
    }

    /// - Parameters:
    ///   - origin: `https://host:port`; anything else fails at the first request.
    ///   - credentials: the client's certificate, nil for none. A reload takes effect with the next connection.
    ///   - trustAnchors: a PEM file's path, or the PEM text itself; nil: those of `credentials`.
    ///   - expectation: who the server must be, beyond a chain that verifies.
    ///   - eventLoopGroup: nil: the process's shared one.
    public init(
        origin: URL, credentials: TLSCredentials?, trustAnchors: String? = nil, expectation: PeerExpectation, configuration: HTTPClientConfiguration = .init(),
        eventLoopGroup: (any EventLoopGroup)? = nil, logger: Logger
    ) {
        self.origin = origin
        let peer = PeerBox()
        self.peer = peer
        let group = eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton
        do throws(HTTPClientError) {
            let target = try ConnectionTarget(
                origin: origin, credentials: credentials, trustAnchors: trustAnchors, expectation: expectation, configuration: configuration, logger: logger)
            self.target = .success(target)
            var pools: [ObjectIdentifier: ConnectionPool] = [:]
            var ended: [Latch] = []
            for eventLoop in group.makeIterator() {
                let latch = Latch()
                ended.append(latch)
                pools[ObjectIdentifier(eventLoop)] = ConnectionPool(target: target, loop: LoopContext(eventLoop: eventLoop), ended: latch) { identity in
                    peer.identity.withLock { $0 = identity }
                }
            }
            self.pools = pools
            self.ended = ended
            common = pools[ObjectIdentifier(group.next())] ?? pools.values.first
        } catch {
            target = .failure(error)
            pools = [:]
            ended = []
            common = nil
        }
    }

    /// The identity of the server on the connection that came up last.
    public var peerIdentity: PeerIdentity? { peer.identity.withLock { $0 } }

    // MARK: Requests

    /// Sends a request and collects the response, of at most `maximumBody` bytes. Scheme, authority and path are
    /// completed from the origin where the request leaves them open.
    /// - Parameter timeout: for all of it, the wait for a connection included.
    public func send(_ request: HTTPRequest, body: [UInt8]? = nil, timeout: Duration = .seconds(30)) async throws(HTTPClientError) -> HTTPClientResponse {
        let body = body.map { ByteBuffer(bytes: $0) }
        let exchange = try makeExchange(request, body: body.map { .bytes($0) } ?? .none, length: body?.readableBytes, collects: true, timeout: timeout)
        return try Self.complete(await exchange.run())
    }

    /// As above, with the request's body streamed.
    public func send<Body: AsyncSequence & Sendable>(
        _ request: HTTPRequest, bodyStream: Body, timeout: Duration = .seconds(30)
    ) async throws(HTTPClientError) -> HTTPClientResponse where Body.Element == ByteBuffer {
        let exchange = try makeExchange(request, body: .stream, length: nil, collects: true, timeout: timeout)
        let pump = Self.pump(bodyStream, into: exchange)
        defer { pump.cancel() }
        return try Self.complete(await exchange.run())
    }

    /// Sends a request and returns when the response's head has come; its body is read from the result.
    /// - Parameter timeout: up to the response's head.
    public func stream(_ request: HTTPRequest, body: [UInt8]? = nil, timeout: Duration = .seconds(30)) async throws(HTTPClientError) -> HTTPClientStreamingResponse {
        let body = body.map { ByteBuffer(bytes: $0) }
        let exchange = try makeExchange(request, body: body.map { .bytes($0) } ?? .none, length: body?.readableBytes, collects: false, timeout: timeout)
        return try Self.streaming(await exchange.run(), exchange)
    }

    /// As above, with the request's body streamed too.
    public func stream<Body: AsyncSequence & Sendable>(
        _ request: HTTPRequest, bodyStream: Body, timeout: Duration = .seconds(30)
    ) async throws(HTTPClientError) -> HTTPClientStreamingResponse where Body.Element == ByteBuffer {
        let exchange = try makeExchange(request, body: .stream, length: nil, collects: false, timeout: timeout)
        let pump = Self.pump(bodyStream, into: exchange)
        do throws(HTTPClientError) { return try Self.streaming(await exchange.run(), exchange) } catch {
            pump.cancel()
            throw error
        }
    }

    /// Running requests finish within the drain time, new ones fail; returns when the connections are closed.
    public func shutdown() async {
        for pool in pools.values { pool.loop.post { pool.shutdown() } }
        for latch in ended { await latch.wait() }
    }

    // MARK: Parts

    private func makeExchange(
        _ request: HTTPRequest, body: ClientExchange.RequestBody, length: Int?, collects: Bool, timeout: Duration
    ) throws(HTTPClientError) -> ClientExchange {
        let target = try target.get()
        let own = MultiThreadedEventLoopGroup.currentEventLoop.flatMap { pools[ObjectIdentifier($0)] }
        guard let pool = own ?? common else { throw .shutDown }
        var head = HeaderList(request: request, authority: target.authority)
        guard head.size <= 64 * 1024 else { throw .refused("the request's header section has \(head.size) bytes") }
        if let length, request.headerFields[.contentLength] == nil { head.append("content-length", number: length) }
        return ClientExchange(
            pool: pool, head: head, requestBody: body, collects: collects, maximumBody: target.configuration.maximumBody, timeout: timeout,
            isHead: request.method == .head)
    }

    private static func pump<Body: AsyncSequence & Sendable>(_ body: Body, into exchange: ClientExchange) -> Task<Void, Never> where Body.Element == ByteBuffer {
        Task {
            await exchange.opened.wait()
            do {
                for try await part in body where part.readableBytes > 0 { try await exchange.send(part: part) }
                exchange.finishParts()
            } catch is StreamFailure {
                // The exchange is over, and whoever waits for it knows.
            } catch {
                exchange.failParts()
            }
        }
    }

    private static func complete(_ outcome: ClientExchange.Outcome) throws(HTTPClientError) -> HTTPClientResponse {
        guard case .complete(let response) = outcome else { throw .malformedResponse("the response was not collected") }
        return response
    }

    private static func streaming(_ outcome: ClientExchange.Outcome, _ exchange: ClientExchange) throws(HTTPClientError) -> HTTPClientStreamingResponse {
        guard case .streaming(let status, let fields, let inbound) = outcome else { throw .malformedResponse("the response was collected") }
        return HTTPClientStreamingResponse(
            status: .init(code: status), headerFields: fields, body: HTTPClientBody(inbound: inbound, token: .init(exchange: exchange)))
    }
}
