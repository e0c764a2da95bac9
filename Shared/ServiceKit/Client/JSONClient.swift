import Foundation
import HTTP2
import HTTPTypes

/// Typed calls to another service: JSON both ways, problem documents as ``RemoteError``, the running trace sent along.
public struct JSONClient: Sendable {
    private let sender: any RequestSender
    private let authority: String
    private let basePath: String
    private let timeout: Duration
    private let environment: ServiceEnvironment

    /// - Parameters:
    ///   - url: https, with the base path that all paths are put behind.
    ///   - timeout: for one call, answer included.
    public init(sender: any RequestSender, url: URL, timeout: Duration, environment: ServiceEnvironment) {
        self.sender = sender
        let host = url.host() ?? ""
        authority = (host.contains(":") ? "[\(host)]" : host) + (url.port.map { ":\($0)" } ?? "")
        let path = url.path(percentEncoded: true)
        basePath = path.hasSuffix("/") ? String(path.dropLast()) : path
        self.timeout = timeout
        self.environment = environment
    }

    /// Calls and decodes the answer.
    /// - Parameter path: behind the base path, begins with `/`; put identifiers in with ``segment(_:)``.
    /// - Throws: ``RemoteError``.
    public func call<Answer: Decodable>(
        _ method: HTTPRequest.Method, _ path: String, body: (any Encodable & Sendable)? = nil, headers: HTTPFields = [:], as type: Answer.Type = Answer.self
    ) async throws(RemoteError) -> Answer {
        let answer = try await exchange(method, path, body: body, headers: headers)
        do {
            return try WireJSON.decode(type, from: answer.body)
        } catch {
            throw .malformedAnswer(reason: "\(method.rawValue) \(path): \(WireJSON.place(of: error))")
        }
    }

    /// Calls where success needs no body.
    /// - Throws: ``RemoteError``.
    public func send(_ method: HTTPRequest.Method, _ path: String, body: (any Encodable & Sendable)? = nil, headers: HTTPFields = [:]) async throws(RemoteError) {
        _ = try await exchange(method, path, body: body, headers: headers)
    }

    /// Calls with bytes, for bodies that are not JSON; the answer as it came, when its status is 2xx.
    /// - Throws: ``RemoteError``.
    public func exchange(_ method: HTTPRequest.Method, _ path: String, bytes: [UInt8]?, contentType: String?, headers: HTTPFields = [:]) async throws(RemoteError) -> HTTPClientResponse {
        var headers = headers
        if let contentType { headers[.contentType] = contentType }
        if headers[.accept] == nil { headers[.accept] = WireJSON.contentType }
        let trace = (TraceContext.current ?? .root(randomBytes: environment.randomBytes)).child(randomBytes: environment.randomBytes)
        if let name = HTTPField.Name(TraceContext.headerName) { headers[name] = trace.header }
        let request = HTTPRequest(method: method, scheme: "https", authority: authority, path: basePath + path, headerFields: headers)
        let answer: HTTPClientResponse
        do throws(HTTPClientError) {
            answer = try await sender.send(request, body: bytes, timeout: timeout)
        } catch {
            throw .unreachable(reason: "\(authority): \(error)")
        }
        guard (200..<300).contains(answer.status.code) else { throw .refused(Self.refusal(answer)) }
        return answer
    }

    private func exchange(_ method: HTTPRequest.Method, _ path: String, body: (any Encodable & Sendable)?, headers: HTTPFields) async throws(RemoteError) -> HTTPClientResponse {
        var bytes: [UInt8]?
        if let body {
            do {
                bytes = try WireJSON.encode(body)
            } catch {
                throw .malformedAnswer(reason: "the request for \(method.rawValue) \(path) cannot be encoded: \(error)")
            }
        }
        return try await exchange(method, path, bytes: bytes, contentType: body == nil ? nil : WireJSON.contentType, headers: headers)
    }

    private static func refusal(_ answer: HTTPClientResponse) -> RemoteError.Refusal {
        let retryAfter = answer.headerFields[.retryAfter].flatMap(Int.init)
        guard let document = try? WireJSON.decode(ProblemDocument.self, from: answer.body) else {
            return RemoteError.Refusal(status: answer.status.code, code: "", detail: answer.status.reasonPhrase, retryAfter: retryAfter)
        }
        return RemoteError.Refusal(
            status: answer.status.code, code: document.code, detail: document.detail ?? document.title, retryAfter: retryAfter, members: document.members)
    }

    /// One path segment: everything but unreserved characters is percent-encoded, so that no identifier can change the path.
    public static func segment(_ text: String) -> String {
        if text == "." || text == ".." { return text.replacing(".", with: "%2E") }
        return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
