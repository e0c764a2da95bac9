// Where the suite's HTTP/2 client (libssl, libnghttp2) is built; elsewhere an app brings a transport over its platform's own stack.
#if canImport(HTTP2)
import Foundation
import HTTP2
import HTTPTypes
import Logging
import TrustedServiceModel

/// The suite's own HTTP/2 client with server authentication; clients of this listener need no certificate.
public final class HTTP2BackendTransport: BackendTransport {
    private let client: HTTPClient
    private let authority: String
    private let timeout: Duration

    /// - Parameters:
    ///   - origin: scheme, host and port of the gateway's handset listener.
    ///   - trustAnchors: PEM file of the CA that signed its certificate.
    ///   - timeout: for one answer.
    public init(origin: URL, trustAnchors: String, timeout: Duration = .seconds(30), logger: Logger = Logger(label: "tsm-api")) throws(TSMFailure) {
        guard let host = origin.host() else { throw TSMFailure(.invalidArgument, "the backend's URL has no host") }
        self.authority = origin.port.map { "\(host):\($0)" } ?? host
        self.timeout = timeout
        client = HTTPClient(origin: origin, credentials: nil, trustAnchors: trustAnchors, expectation: .dnsName(host), logger: logger)
    }

    public func send(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) async throws(TSMFailure) -> BackendAnswer {
        var fields = HTTPFields()
        for header in headers {
            guard let name = HTTPField.Name(header.name) else { throw TSMFailure(.internalError, "'\(header.name)' is no header name") }
            fields.append(HTTPField(name: name, value: header.value))
        }
        guard let verb = HTTPRequest.Method(method) else { throw TSMFailure(.internalError, "'\(method)' is no method") }
        do throws(HTTPClientError) {
            let response = try await client.send(HTTPRequest(method: verb, scheme: "https", authority: authority, path: path, headerFields: fields), body: body, timeout: timeout)
            return BackendAnswer(status: response.status.code, body: response.body)
        } catch {
            throw TSMFailure(.networkConnectionError, Self.words(error))
        }
    }

    /// What a person can act on; what the sockets said stays out of an app's messages.
    private static func words(_ error: HTTPClientError) -> String {
        switch error {
        case .tls(let reason): "the TSM did not identify itself as expected (\(reason.code.rawValue)); check the network and the app's configuration"
        case .timeout: "the TSM did not answer in time; try again"
        case .refused, .shutDown, .cancelled: "the request was not sent"
        case .tooLarge, .malformedResponse: "the TSM's answer could not be read; try again"
        case .cannotConnect, .streamReset, .goAway, .connectionLost: "the TSM cannot be reached; check the network and try again"
        }
    }

    public func shutdown() async { await client.shutdown() }
}
#endif
