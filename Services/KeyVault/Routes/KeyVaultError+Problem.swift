import HTTPTypes
import KeyVaultAPI
import ServiceKit

extension ProblemError {
    /// The vault's error on the wire (RFC 9457); `code` is the error's own.
    init(_ error: KeyVaultError) {
        let status: HTTPResponse.Status = switch error.code {
        case .notFound, .challengeUnknown: .notFound
        case .forbidden: .forbidden
        case .invalidRequest: .badRequest
        case .wrongState, .alreadyExported: .conflict
        case .usageNotAllowed, .keyCheckValueMismatch, .unwrapFailed, .cardCryptogramMismatch: .unprocessableContent
        case .tooManyUnprovenAuthentications: .tooManyRequests
        case .auditUnavailable, .sealed, .unreachable: .serviceUnavailable
        case .internalError: .internalServerError
        }
        self.init(status, code: error.code.rawValue, detail: error.reason)
    }
}
