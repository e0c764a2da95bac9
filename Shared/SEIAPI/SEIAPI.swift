import GlobalPlatform
import KeyVaultAPI

/// The SEI TSM interface, `/sei/v1`: what an SP TSM asks of an issuer.
///
/// | operation | path |
/// |---|---|
/// | beginEligibility | `POST /eligibility` |
/// | submitEvidence | `POST /eligibility/{id}/evidence` |
/// | openDialog | `POST /dialogs` (Idempotency-Key) |
/// | submitResults | `POST /dialogs/{id}/results` |
/// | dialog, abandonDialog | `GET`, `DELETE /dialogs/{id}` |
/// | secureComponent | `GET /secure-components/{id}` |
/// | transportKeys | `GET /transport-keys` |
public protocol SecureElementIssuer: Sendable {
    func beginEligibility(_ request: SEI.EligibilityRequest) async throws(SEIError) -> SEI.EligibilityChallenge
    func submitEvidence(_ id: String, _ evidence: SEI.Evidence) async throws(SEIError) -> SEI.EligibilityVerdict
    func openDialog(_ request: SEI.DialogRequest, idempotencyKey: String) async throws(SEIError) -> SEI.Dialog
    func submitResults(_ dialogId: String, _ results: SEI.SessionResults) async throws(SEIError) -> SEI.Dialog
    func dialog(_ id: String) async throws(SEIError) -> SEI.Dialog
    func abandonDialog(_ id: String) async throws(SEIError)
    func secureComponent(_ id: String) async throws(SEIError) -> SEI.SecureComponent
    func transportKeys() async throws(SEIError) -> [NamedKeyDescription]
}

/// Why the issuer refused; `code` travels as the problem document's `code`.
public struct SEIError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Codable, Sendable, CaseIterable {
        case notFound, notEligible, unknownSecureComponent, componentBlocked, cardCryptogramMismatch, contractViolation
        case dialogOpen, dialogClosed, invalidRequest, scriptFailed, forbidden, unreachable, unavailable, internalError
    }
    public var code: Code
    public var reason: String
    /// Seconds, for `dialogOpen`.
    public var retryAfter: Int?

    public init(_ code: Code, _ reason: String, retryAfter: Int? = nil) {
        self.code = code
        self.reason = reason
        self.retryAfter = retryAfter
    }

    public var description: String { "issuer: \(reason) (\(code.rawValue))" }
}

public enum SEI {
    public static let basePath = "/sei/v1"
}
