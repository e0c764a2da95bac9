import Hummingbird
import Logging

/// Turns every error into a problem document. What is not meant for the caller is logged, and the caller sees 500 and a code.
public struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    public init() {}

    public func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as ProblemError {
            if problem.status.code >= 500 { context.logger.error("request failed", metadata: ["status": "\(problem.status.code)", "code": "\(problem.document.code)", "detail": "\(problem.document.detail ?? "")"]) }
            return try problem.response(from: request, context: context)
        } catch let error as HTTPError {
            let code = error.status == .notFound ? "notFound" : "http\(error.status.code)"
            return try ProblemError(error.status, code: code, detail: error.body, headers: error.headers).response(from: request, context: context)
        } catch let error as any HTTPResponseError {
            // Knows its own answer, for example the Provider API's error format.
            return try error.response(from: request, context: context)
        } catch is CancellationError {
            return try ProblemError(.serviceUnavailable, code: "cancelled", detail: "the request was given up", retryAfter: 1).response(from: request, context: context)
        } catch {
            context.logger.error("request failed unexpectedly", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
            return try ProblemError(.internalServerError, code: "internalError", detail: "the request failed; the operator's log says why").response(from: request, context: context)
        }
    }
}
