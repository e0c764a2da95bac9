internal import COpenSSL

/// Why a cryptographic operation was refused or failed. Never contains key material.
public struct CryptographyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable codes, for callers that tell one failure from another.
    public enum Code: String, Hashable, Sendable {
        case invalidKeyLength
        case invalidInputLength
        case invalidEncoding
        case unsupportedCurve
        case curveMismatch
        /// A tag, a key wrap's integrity check value or a padding did not verify.
        case authenticationFailed
        case randomSourceFailed
        /// The library refused for a reason of its own, see `libraryMessage`.
        case libraryFailure
    }

    public let code: Code
    /// What was attempted and what was wrong with it, in words.
    public let reason: String
    /// The library's own error text, read directly after the failing call.
    public let libraryMessage: String?

    public init(_ code: Code, _ reason: String, libraryMessage: String? = nil) {
        self.code = code
        self.reason = reason
        self.libraryMessage = libraryMessage
    }

    public var description: String {
        guard let libraryMessage else { return "\(code.rawValue): \(reason)" }
        return "\(code.rawValue): \(reason) (\(libraryMessage))"
    }

    /// The library's error queue is per thread: call `ERR_clear_error` before an operation and this directly after it failed.
    static func fromLibrary(_ code: Code = .libraryFailure, _ reason: String) -> CryptographyError {
        let number = ERR_peek_last_error()
        ERR_clear_error()
        guard number != 0 else { return CryptographyError(code, reason) }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(number, &text, text.count)
        let message = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return CryptographyError(code, reason, libraryMessage: message)
    }

    /// The library takes lengths as `Int32`; longer inputs are refused rather than truncated.
    static func checkLength(_ count: Int, of what: String) throws(CryptographyError) {
        guard count <= Int(Int32.max) - 64 else {
            throw CryptographyError(.invalidInputLength, "\(what) of \(count) bytes is too long")
        }
    }
}
