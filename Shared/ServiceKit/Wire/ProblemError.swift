import Hummingbird

/// An error that answers the request with a problem document. Throw it from a route or a middleware.
public struct ProblemError: Error, Sendable, HTTPResponseError, CustomStringConvertible {
    public var document: ProblemDocument
    /// Seconds, for `Retry-After`.
    public var retryAfter: Int?
    public var headers: HTTPFields

    public var status: HTTPResponse.Status { HTTPResponse.Status(code: document.status) }

    public init(_ status: HTTPResponse.Status, code: String, title: String? = nil, detail: String? = nil, retryAfter: Int? = nil, members: [String: String] = [:], headers: HTTPFields = [:]) {
        document = ProblemDocument(status: status.code, code: code, title: title ?? status.reasonPhrase, detail: detail, members: members)
        self.retryAfter = retryAfter
        self.headers = headers
    }

    public var description: String { "\(document.status) \(document.code)\(document.detail.map { ": \($0)" } ?? "")" }

    public func response(from request: Request, context: some RequestContext) throws -> Response {
        var document = document
        document.instance = document.instance ?? request.uri.path
        var headers = headers
        headers[.contentType] = ProblemDocument.contentType
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: try WireJSON.encode(document))))
    }
}
