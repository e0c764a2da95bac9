public import HTTPTypes
public import NIOCore

/// A complete response.
public struct HTTPClientResponse: Sendable {
    public let status: HTTPResponse.Status
    public let headerFields: HTTPFields
    public let body: [UInt8]

    public init(status: HTTPResponse.Status, headerFields: HTTPFields, body: [UInt8]) {
        self.status = status
        self.headerFields = headerFields
        self.body = body
    }
}

/// A response whose body is still coming.
public struct HTTPClientStreamingResponse: Sendable {
    public let status: HTTPResponse.Status
    public let headerFields: HTTPFields
    public let body: HTTPClientBody
}

/// The body of a response as it comes; to be read once. Dropping it breaks the request off. Its errors are `HTTPClientError`.
public struct HTTPClientBody: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer
    /// Breaks the exchange off when the last copy of the body is gone.
    final class Token: Sendable {
        let exchange: ClientExchange
        init(exchange: ClientExchange) { self.exchange = exchange }
        deinit { exchange.abandon() }
    }
    let inbound: InboundBody
    let token: Token

    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: InboundBody.AsyncIterator
        let token: Token
        public mutating func next() async throws -> ByteBuffer? {
            do { return try await base.next() } catch let failure as StreamFailure { throw ClientExchange.error(of: failure) } catch is CancellationError {
                throw HTTPClientError.cancelled
            }
        }
    }
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: inbound.makeAsyncIterator(), token: token) }

    /// The whole body. Throws `HTTPClientError.tooLarge` beyond `limit` bytes.
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in self {
            guard bytes.count + buffer.readableBytes <= limit else { throw HTTPClientError.tooLarge(limit: limit) }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }
}
