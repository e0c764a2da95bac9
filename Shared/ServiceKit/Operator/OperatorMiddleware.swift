import HTTP2
import Hummingbird
import Logging

/// Of an operator's listener: who changed what goes into the log, errors become problem documents. Bodies stay out of the log: an answer may hold a token.
public struct OperatorMiddleware<Context: PeerRequestContext>: RouterMiddleware {
    private let logger: Logger

    public init(logger: Logger) { self.logger = logger }

    public func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        do {
            let answer = try await next(request, context)
            note(request, context, answer.status)
            return answer
        } catch let error as OperatorError {
            let status: HTTPResponse.Status = switch error.code {
            case .invalidRequest: .badRequest
            case .notFound: .notFound
            case .conflict: .conflict
            case .unavailable: .serviceUnavailable
            }
            note(request, context, status)
            throw ProblemError(status, code: error.code.rawValue, detail: error.reason)
        }
    }

    private func note(_ request: Request, _ context: Context, _ status: HTTPResponse.Status) {
        guard request.method != .get else { return }
        logger.notice("operator", metadata: ["who": "\(context.peerNames)", "method": "\(request.method.rawValue)", "path": "\(request.uri.path)", "status": "\(status.code)"])
    }
}

extension PeerRequestContext {
    /// Who is at the other end, as its certificate names it.
    public var peerNames: String { ((peer?.uris ?? []) + (peer?.dnsNames ?? [])).joined(separator: " ") }

    /// A path's parameter, percent-decoded: the router matches encoded segments and hands them on as they came.
    /// - Throws: ``OperatorError`` `invalidRequest`.
    public func segment(_ name: String) throws -> String {
        guard let decoded = try parameters.require(name).removingPercentEncoding else { throw OperatorError(.invalidRequest, "the path is not encoded as paths are") }
        return decoded
    }
}
