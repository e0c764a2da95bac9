/// Why a token did not do what was asked. Never contains PINs or key bytes.
public struct TokenFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable {
        /// The module cannot be loaded or set up.
        case module
        /// No token of that label is there: not inserted, removed, or its module has lost it.
        case absent
        /// The PIN is wrong. It is not tried again until the PIN file has changed, since a token locks itself after a few wrong ones.
        case pinRefused
        /// The token has locked the PIN: its security officer must set a new one.
        case pinLocked
        /// There is no such key in the token, or more than one.
        case keyMissing
        /// What was to be unwrapped did not verify.
        case unwrapFailed
        /// The token refused for another reason: see the code.
        case refused
    }

    public let kind: Kind
    public let reason: String

    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    public var description: String { reason }

    /// Whether the token as a whole cannot be used now, whatever is asked of it.
    public var isOutage: Bool {
        switch kind {
        case .module, .absent, .pinRefused, .pinLocked: true
        case .keyMissing, .unwrapFailed, .refused: false
        }
    }
}

/// Return values of the standard that are told apart.
enum ReturnValue {
    static let ok: UInt = 0
    static let userAlreadyLoggedIn: UInt = 0x100
    static let alreadyInitialised: UInt = 0x191
    static let pinIncorrect: Set<UInt> = [0xA0, 0xA1, 0xA2]
    static let pinLocked: Set<UInt> = [0xA3, 0xA4]
    static let wrappedKeyInvalid: Set<UInt> = [0x110, 0x112]
    /// Sessions, logins or handles that are no longer good, and devices that are gone: the sessions are opened anew before anything else is tried.
    static let lost: Set<UInt> = [
        0x3, 0x5, 0x6, 0x30, 0x32, 0x60, 0x82, 0x90, 0xB0, 0xB3, 0xE0, 0xE1, 0xF0, 0x101, 0x113, 0x190,
    ]
}
