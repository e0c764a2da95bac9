import Foundation
import Hummingbird
import NIOCore
import TrustedServiceModel

/// Reads a request's body as the operation wants it; faults of the transport are category 1002.
enum RequestContent {
    /// Of an upload that is too large this much more is read and thrown away, so that the client gets its answer instead of a reset.
    private static let drained = 16_000_000

    static func read(_ request: Request, _ body: ProviderOperation.Body, _ limits: ProviderLimits) async throws -> OperationInput {
        switch body {
        case .none:
            let bytes = try await collect(request, limit: 1024, tooLong: "request body not allowed")
            guard bytes.isEmpty || isEmptyObject(bytes) else { throw GeneralError.invalidRequest("request body not allowed") }
            return OperationInput()
        case .json:
            if let type = request.headers[.contentType], !isJSON(HeaderParameters(type).value) {
                throw GeneralError.invalidRequest("the content type \(type.prefix(60)) is not supported, send application/json")
            }
            let bytes = try await collect(request, limit: limits.body, tooLong: "the request body is longer than \(limits.body) bytes")
            guard !bytes.isEmpty else { throw GeneralError.invalidRequest("the request body is missing") }
            do throws(JSONReader.Failure) {
                return OperationInput(json: try JSONValue(parsing: bytes))
            } catch {
                throw GeneralError.invalidRequest("the request body is not valid JSON: \(error)")
            }
        case .upload(let kind): return OperationInput(parts: try await parts(request, kind.limit(limits)))
        }
    }

    private static func parts(_ request: Request, _ limit: Int) async throws -> [MultipartPart] {
        guard let type = request.headers[.contentType] else { throw GeneralError.invalidRequest("the content type is missing, send multipart/form-data") }
        do {
            var parser = try MultipartParser(contentType: type, maximumContent: limit)
            var count = 0
            for try await buffer in request.body {
                count += buffer.readableBytes
                guard count <= limit + drained else { throw GeneralError.fileTooLarge(count, maximum: limit) }
                try parser.append(buffer.readableBytesView)
            }
            return try parser.finish()
        } catch let error as MultipartError {
            throw GeneralError.invalidRequest(error.reason)
        }
    }

    private static func collect(_ request: Request, limit: Int, tooLong: String) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            guard bytes.count + buffer.readableBytes <= limit else { throw GeneralError.invalidRequest(tooLong) }
            bytes += buffer.readableBytesView
        }
        return bytes
    }

    private static func isJSON(_ type: String) -> Bool { type == "application/json" || (type.hasPrefix("application/") && type.hasSuffix("+json")) }

    private static func isEmptyObject(_ bytes: [UInt8]) -> Bool { (try? JSONValue(parsing: bytes)) == .object([:]) }
}

/// `Content-Disposition: attachment` with a file name (RFC 6266).
enum ContentDisposition {
    static func attachment(_ fileName: String) -> String {
        let plain = String(fileName.map { $0.isASCII && $0 != "\"" && $0 != "\\" && !$0.isNewline ? $0 : "_" })
        guard plain != fileName else { return "attachment; filename=\"\(plain)\"" }
        let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~")
        let encoded = fileName.addingPercentEncoding(withAllowedCharacters: unreserved) ?? plain
        return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(encoded)"
    }
}
