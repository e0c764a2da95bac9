import Foundation
import HTTP2
import HTTPTypes
import Identity
import Logging

/// Somebody with (or without) a certificate who turns to a listener directly.
struct DirectPeer: Sendable {
    enum Outcome: Sendable, CustomStringConvertible {
        /// No connection, or one that ended before any answer.
        case closed(HTTPClientError)
        case answered(status: Int, body: String)

        var status: Int? { if case .answered(let status, _) = self { status } else { nil } }
        var isClosed: Bool { if case .closed = self { true } else { false } }

        var description: String {
            switch self {
            case .closed(let error): "closed: \(error)"
            case .answered(let status, let body): "\(status) \(body.prefix(200))"
            }
        }
    }

    /// PEM files; nil: no client certificate.
    var certificate: String?
    var key: String?

    /// - Parameters:
    ///   - server: of this CA and identity; the caller knows well whom he is after.
    func request(_ method: HTTPRequest.Method = .get, port: Int, _ path: String, ca: String, server: PeerExpectation, headers: HTTPFields = [:], body: [UInt8]? = nil) async throws -> Outcome {
        guard let origin = URL(string: "https://127.0.0.1:\(port)") else { throw URLError(.badURL) }
        var credentials: TLSCredentials?
        if let certificate, let key { credentials = try TLSCredentials(files: TLSFiles(certificateChain: certificate, privateKey: key, trustAnchors: ca)) }
        let client = HTTPClient(origin: origin, credentials: credentials, trustAnchors: ca, expectation: server, logger: Logger(label: "direct peer"))
        let outcome: Outcome
        do throws(HTTPClientError) {
            let answer = try await client.send(HTTPRequest(method: method, scheme: nil, authority: nil, path: path, headerFields: headers), body: body, timeout: .seconds(10))
            outcome = .answered(status: answer.status.code, body: String(decoding: answer.body, as: UTF8.self))
        } catch {
            outcome = .closed(error)
        }
        await client.shutdown()
        return outcome
    }
}
