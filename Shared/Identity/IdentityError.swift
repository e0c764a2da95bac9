/// What can be wrong with a name, a certificate, a key file or an allow-list.
public struct IdentityError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable, for programs; new codes may be added, none changes its meaning.
    public enum Code: String, Sendable, Hashable {
        case invalidSPIFFEID
        case invalidPeerName
        case emptyAllowList
        case unreadableFile
        case unwritableFile
        case invalidCertificate
        case invalidKey
        case keyDoesNotMatch
        case unsupportedCurve
        case certificateExpired
        case certificateNotYetValid
        case testCertificate
        case issuingFailed
    }

    public let code: Code
    /// One sentence for a person: what, where, and what to do about it. Never key material.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { "\(code.rawValue): \(reason)" }
}
