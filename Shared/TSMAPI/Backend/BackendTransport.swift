import TrustedServiceModel

/// Carries one request to the backend; injected, so that the SDK runs over whatever HTTP stack a platform has.
public protocol BackendTransport: Sendable {
    /// - Throws: `TSMFailure(.networkConnectionError)` when no answer came; whether the request arrived is then unknown.
    func send(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) async throws(TSMFailure) -> BackendAnswer
}

public struct BackendAnswer: Sendable, Hashable {
    public var status: Int
    public var body: [UInt8]

    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}
