import Foundation
import Hummingbird

/// Reads and writes JSON bodies with ``WireJSON``; what cannot be read is answered with a problem document that names the place.
public struct WireCoder: RequestDecoder, ResponseEncoder, Sendable {
    public init() {}

    public func decode<Value: Decodable>(_ type: Value.Type, from request: Request, context: some RequestContext) async throws -> Value {
        try await request.decodeJSON(type, upTo: context.maxUploadSize)
    }

    public func encode(_ value: some Encodable, from request: Request, context: some RequestContext) throws -> Response {
        try Response.json(value)
    }
}

extension Request {
    /// Collects a body of bounded size and decodes it.
    /// - Throws: ``ProblemError`` 413 `bodyTooLarge`, 400 `malformedBody`.
    public func decodeJSON<Value: Decodable>(_ type: Value.Type, upTo maximumBytes: Int = 1 << 20) async throws(ProblemError) -> Value {
        let bytes = try await collectBytes(upTo: maximumBytes)
        do {
            return try WireJSON.decode(type, from: bytes)
        } catch {
            throw ProblemError(.badRequest, code: "malformedBody", detail: WireJSON.place(of: error))
        }
    }

    /// Collects a body of bounded size.
    /// - Throws: ``ProblemError`` 413 `bodyTooLarge`, 400 `malformedBody` when the body breaks off.
    public func collectBytes(upTo maximumBytes: Int) async throws(ProblemError) -> [UInt8] {
        let tooLarge = ProblemError(.contentTooLarge, code: "bodyTooLarge", detail: "the body is larger than \(maximumBytes) bytes")
        if let announced = headers[.contentLength].flatMap(Int.init), announced > maximumBytes { throw tooLarge }
        var bytes: [UInt8] = []
        do {
            for try await part in body {
                guard bytes.count + part.readableBytes <= maximumBytes else { throw tooLarge }
                bytes += part.readableBytesView
            }
        } catch let error as ProblemError {
            throw error
        } catch {
            throw ProblemError(.badRequest, code: "malformedBody", detail: "the body broke off")
        }
        return bytes
    }
}

extension Response {
    /// - Throws: `EncodingError`.
    public static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws -> Response {
        var headers = headers
        headers[.contentType] = WireJSON.contentType
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: try WireJSON.encode(value))))
    }
}
