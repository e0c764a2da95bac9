import GlobalPlatform
import HTTPTypes
import KeyVaultAPI
import ServiceKit

/// An issuer's SEI TSM over HTTP/2.
public struct SEIClient: SecureElementIssuer {
    private let client: JSONClient

    /// - Parameter client: its URL is the interface's base, such as `https://sei.issuer-1.example/sei/v1`.
    public init(client: JSONClient) {
        self.client = client
    }

    public func beginEligibility(_ request: SEI.EligibilityRequest) async throws(SEIError) -> SEI.EligibilityChallenge {
        try await call(.post, "/eligibility", body: request)
    }

    public func submitEvidence(_ id: String, _ evidence: SEI.Evidence) async throws(SEIError) -> SEI.EligibilityVerdict {
        try await call(.post, "/eligibility/\(JSONClient.segment(id))/evidence", body: evidence)
    }

    public func openDialog(_ request: SEI.DialogRequest, idempotencyKey: String) async throws(SEIError) -> SEI.Dialog {
        guard let name = HTTPField.Name("Idempotency-Key") else { throw SEIError(.internalError, "the header's name is refused") }
        return try await call(.post, "/dialogs", body: request, headers: [name: idempotencyKey])
    }

    public func submitResults(_ dialogId: String, _ results: SEI.SessionResults) async throws(SEIError) -> SEI.Dialog {
        try await call(.post, "/dialogs/\(JSONClient.segment(dialogId))/results", body: results)
    }

    public func dialog(_ id: String) async throws(SEIError) -> SEI.Dialog {
        try await call(.get, "/dialogs/\(JSONClient.segment(id))")
    }

    public func abandonDialog(_ id: String) async throws(SEIError) {
        do {
            try await client.send(.delete, "/dialogs/\(JSONClient.segment(id))")
        } catch {
            throw SEIError(error)
        }
    }

    public func secureComponent(_ id: String) async throws(SEIError) -> SEI.SecureComponent {
        try await call(.get, "/secure-components/\(JSONClient.segment(id))")
    }

    public func transportKeys() async throws(SEIError) -> [NamedKeyDescription] {
        try await call(.get, "/transport-keys")
    }

    private func call<Answer: Decodable>(_ method: HTTPRequest.Method, _ path: String, body: (any Encodable & Sendable)? = nil,
                                         headers: HTTPFields = [:]) async throws(SEIError) -> Answer {
        do {
            return try await client.call(method, path, body: body, headers: headers)
        } catch {
            throw SEIError(error)
        }
    }
}

extension SEIError {
    /// What an issuer's answer means. Codes of other implementations that we do not know are taken by their HTTP status.
    public init(_ error: RemoteError) {
        switch error {
        case .unreachable(let reason): self.init(.unreachable, "the issuer does not answer: \(reason)")
        case .malformedAnswer(let reason): self.init(.internalError, "the issuer's answer cannot be read: \(reason)")
        case .refused(let refusal):
            let code = Code(rawValue: refusal.code) ?? Self.code(status: refusal.status)
            self.init(code, refusal.detail ?? "refused with status \(refusal.status)", retryAfter: refusal.retryAfter)
        }
    }

    private static func code(status: Int) -> Code {
        switch status {
        case 401, 403: .forbidden
        case 404: .notFound
        case 409: .dialogOpen
        case 400..<500: .invalidRequest
        case 502, 503, 504: .unavailable
        default: .internalError
        }
    }
}
