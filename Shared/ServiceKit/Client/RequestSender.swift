import HTTP2
import HTTPTypes

/// Sends one request and waits for its answer. The real one is `HTTPClient`; tests put a fake in its place.
public protocol RequestSender: Sendable {
    func send(_ request: HTTPRequest, body: [UInt8]?, timeout: Duration) async throws(HTTPClientError) -> HTTPClientResponse
}

extension HTTPClient: RequestSender {}
