import HTTPTypes
import SEIAPI
import ServiceKit

/// Errors of the engine on the wire: the one place where they become problem documents.
enum Answer {
    static func of<Value>(_ operation: () async throws(SEIError) -> Value) async throws(ProblemError) -> Value {
        do {
            return try await operation()
        } catch {
            throw problem(error)
        }
    }

    static func problem(_ error: SEIError) -> ProblemError {
        ProblemError(status(error.code), code: error.code.rawValue, detail: error.reason, retryAfter: error.retryAfter)
    }

    /// A body that cannot be read is an invalid request as any other.
    static func body<Value>(_ read: () async throws(ProblemError) -> Value) async throws(ProblemError) -> Value {
        do {
            return try await read()
        } catch {
            throw ProblemError(error.status, code: SEIError.Code.invalidRequest.rawValue, detail: error.document.detail)
        }
    }

    static func status(_ code: SEIError.Code) -> HTTPResponse.Status {
        switch code {
        case .notFound, .unknownSecureComponent: .notFound
        case .invalidRequest: .badRequest
        case .forbidden, .contractViolation, .componentBlocked: .forbidden
        case .dialogOpen, .dialogClosed: .conflict
        case .notEligible, .cardCryptogramMismatch, .scriptFailed: .unprocessableContent
        case .unavailable: .serviceUnavailable
        case .unreachable: .badGateway
        case .internalError: .internalServerError
        }
    }
}
