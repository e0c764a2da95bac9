/// Why a store was not opened, or a write did not happen.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// The directory cannot be made or written.
        case directoryUnusable
        /// Another process has it open.
        case locked
        /// A newer version of the program wrote it.
        case newerVersion
        /// SQLite's integrity check failed.
        case corrupt
        /// `synchronous` is not FULL: an acknowledged change might not survive a power cut.
        case notDurable
        case migrationFailed
        case openFailed
        /// The transaction that the change was part of was rolled back: nothing of it is stored.
        case rolledBack
        case closed
    }

    public let code: Code
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { "\(code.rawValue): \(reason)" }
}
