/// Why a token or a proof of possession was not accepted.
///
/// The code is for logs and for choosing the answer; what a caller gets to see stays a plain refusal.
public struct TokenError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        case tooLong
        case malformed
        case unsupportedAlgorithm
        case unsupportedType
        case criticalExtension
        case unknownKey
        case invalidKey
        case badSignature
        case missingClaim
        case wrongIssuer
        case wrongAudience
        case expired
        case notYetValid
        case lifetimeTooLong
        case wrongMethod
        case wrongURL
        case wrongAccessToken
        case wrongDeviceKey
        case wrongApp
        case replayed
        case replayCacheFull
    }

    public let code: Code
    /// One sentence for a log; never the token itself.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { "\(code.rawValue): \(reason)" }
}
