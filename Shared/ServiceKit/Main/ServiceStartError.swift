/// Why a service did not start, with the exit code of its process (sysexits.h).
public struct ServiceStartError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Int32, Sendable {
        /// The configuration, or a file that it names (EX_CONFIG).
        case configuration = 78
        /// Everything else: a store that is locked, a port in use (EX_UNAVAILABLE).
        case unavailable = 69
    }

    public let kind: Kind
    public let reason: String

    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    public var description: String { reason }
}
