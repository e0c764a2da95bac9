import HTTP2
import HTTPTypes
import Hummingbird
import KeyVaultAPI
import Logging
import ServiceKit
import TrustedServiceModel

/// HTTP's side of the REST API: path and method, body, answer. Errors leave as the TR's GeneralError, and only from here.
struct ProviderResponder: Sendable {
    /// For example `/sptsm/1.0`, without a slash at the end.
    let prefix: String
    let engine: ProviderEngine
    let logger: Logger

    func respond(to request: Request) async -> Response {
        do {
            return try await answer(request)
        } catch let error as GeneralError {
            return errorAnswer(error)
        } catch let refusal as Throttled {
            var answer = errorAnswer(refusal.error)
            answer.status = .tooManyRequests
            answer.headers[.retryAfter] = String(refusal.retryAfter)
            return answer
        } catch is CancellationError {
            return errorAnswer(.internalError("the request was given up"))
        } catch {
            logger.error("request failed unexpectedly", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
            return errorAnswer(.internalError("the request failed; the TSM operator's log says why"))
        }
    }

    private func answer(_ request: Request) async throws -> Response {
        let credentials = Credentials(token: PresentedToken.read(request.headers[.authorization]),
                                      clientCertificateSHA256: request.headers[GatewayHeaders.clientCertificate], clientAddress: request.headers[GatewayHeaders.clientAddress])
        // Answers that need no token count as well.
        try engine.admit(credentials)
        let path = request.uri.path
        guard path.hasPrefix(prefix), path.utf8.count == prefix.utf8.count || path.dropFirst(prefix.count).first == "/" else { return Response(status: .notFound) }
        let below = path.dropFirst(prefix.count)
        if below == "/openapi.yaml" {
            return request.method == .get ? APIDocument.provider.response : Response(status: .methodNotAllowed, headers: [.allow: "GET"])
        }
        switch OperationTable.match(method: request.method.rawValue, path: below) {
        case .notFound: return Response(status: .notFound)
        case .methodNotAllowed(let methods): return Response(status: .methodNotAllowed, headers: [.allow: methods.joined(separator: ", ")])
        case .operation(let operation, let parameters): return try await perform(operation, parameters, request, credentials)
        }
    }

    private func perform(_ operation: ProviderOperation, _ parameters: [String: String], _ request: Request, _ credentials: Credentials) async throws -> Response {
        if case .authenticate = operation.work {
            let token = try await engine.createAccessToken(credentials)
            _ = try await RequestContent.read(request, operation.body, engine.environment.limits)
            return try jsonAnswer(token)
        }
        let owner = try await engine.authenticate(credentials)
        var input = try await RequestContent.read(request, operation.body, engine.environment.limits)
        input.parameters = parameters
        switch try await engine.perform(operation, input, owner: owner) {
        case .json(let value): return try jsonAnswer(value)
        case .noContent: return Response(status: .noContent)
        case .file(let stored, let name):
            return Response(status: .ok, headers: [.contentType: "application/octet-stream", .contentDisposition: ContentDisposition.attachment(name)], body: body(of: stored))
        }
    }

    /// Piece by piece. Its length is announced: a file that is replaced while it goes out breaks off and cannot pass for whole.
    private func body(of stored: UploadStore.Stored) -> ResponseBody {
        ResponseBody(contentLength: stored.size) { [store = engine.store] writer in
            var (position, left) = (0, stored.size)
            while left > 0 {
                guard let piece = try await store.scan({ [position] in try UploadStore.piece(position, of: stored, $0) }) else {
                    throw GeneralError.internalError("the file was replaced while it was read")
                }
                left -= piece.count
                position += 1
                try await writer.write(ByteBuffer(bytes: piece))
            }
            try await writer.finish(nil)
        }
    }

    private func jsonAnswer(_ value: any Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        var headers: HTTPFields = [.contentType: WireJSON.contentType]
        // RFC 9110, 15.5.2: a 401 says how to authenticate.
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: try WireJSON.encode(value))))
    }

    private func errorAnswer(_ error: GeneralError) -> Response {
        let status = HTTPResponse.Status(code: error.category?.httpStatus ?? 500)
        do {
            return try jsonAnswer(error, status: status)
        } catch {
            logger.error("an error could not be encoded", metadata: ["error": "\(error)"])
            return Response(status: .internalServerError)
        }
    }
}

/// What the gateway says of its client. Believed because the listener's allow-list admits nobody but the gateway, which removes
/// such fields from what comes in (design: trust domains).
enum GatewayHeaders {
    /// SHA-256 of the client's certificate, hexadecimal.
    static let clientCertificate = HTTPField.Name.ours("x-tsms-client-certificate-sha256")
    static let clientAddress = HTTPField.Name.ours("x-tsms-client-address")
}

extension HTTPField.Name {
    /// A literal of ours is a valid name; if it were not, an unused name keeps the field from ever being read.
    fileprivate static func ours(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .expect }
}
