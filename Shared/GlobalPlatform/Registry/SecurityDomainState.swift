/// Life cycle of a supplementary security domain (GPCS 2.3.1, 5.3.2 and table 11-5): 03, 07, 0F, b8 = LOCKED.
public struct SecurityDomainState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    /// nil for what is none of the three states, locked or not.
    public init?(rawValue: UInt8) {
        guard [0x03, 0x07, 0x0F].contains(rawValue & 0x7F) else { return nil }
        self.rawValue = rawValue
    }

    private init(known rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let installed = SecurityDomainState(known: 0x03)
    public static let selectable = SecurityDomainState(known: 0x07)
    public static let personalized = SecurityDomainState(known: 0x0F)

    public var isLocked: Bool { rawValue & 0x80 != 0 }
    public var isSelectable: Bool { rawValue & 0x07 == 0x07 }
    public var locked: SecurityDomainState { SecurityDomainState(known: rawValue | 0x80) }
    public var unlocked: SecurityDomainState { SecurityDomainState(known: rawValue & 0x7F) }

    /// The state after SET STATUS with this P2: b8 locks, 0F personalises a SELECTABLE domain, anything else without b8 unlocks.
    /// A transition to the present state is refused, hence nil.
    public func afterSetStatus(_ stateControl: UInt8) -> SecurityDomainState? {
        if stateControl & 0x80 != 0 { return isLocked ? nil : locked }
        if isLocked { return unlocked }
        return self == .selectable && stateControl == 0x0F ? .personalized : nil
    }

    /// The state after INSTALL [for make selectable]; nil unless INSTALLED.
    public func afterMakeSelectable() -> SecurityDomainState? {
        self == .installed ? .selectable : nil
    }

    public var description: String {
        if isLocked { return "LOCKED" }
        return switch rawValue {
        case 0x03: "INSTALLED"
        case 0x07: "SELECTABLE"
        default: "PERSONALIZED"
        }
    }
}
