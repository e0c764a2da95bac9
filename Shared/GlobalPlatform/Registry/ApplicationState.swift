/// Life cycle of an application (GPCS 2.3.1, 5.3.1 and table 11-4): 03, 07, states of the application's own (0xxx x111), b8 = LOCKED.
public struct ApplicationState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    /// nil when b2b1 are not set, which no state of an application lacks.
    public init?(rawValue: UInt8) {
        guard rawValue & 0x03 == 0x03 else { return nil }
        self.rawValue = rawValue
    }

    private init(known rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let installed = ApplicationState(known: 0x03)
    public static let selectable = ApplicationState(known: 0x07)

    public var isLocked: Bool { rawValue & 0x80 != 0 }
    /// Whether SELECT may find it: SELECTABLE or a state of its own, and not locked.
    public var isSelectable: Bool { !isLocked && rawValue & 0x07 == 0x07 }
    public var locked: ApplicationState { ApplicationState(known: rawValue | 0x80) }
    /// The state before it was locked.
    public var unlocked: ApplicationState { ApplicationState(known: rawValue & 0x7F) }

    /// The state after SET STATUS with this P2 (11.10.2.2): b8 locks or unlocks; a transition to the present state is refused, hence nil.
    public func afterSetStatus(_ stateControl: UInt8) -> ApplicationState? {
        if stateControl & 0x80 != 0 { return isLocked ? nil : locked }
        return isLocked ? unlocked : nil
    }

    /// The state after INSTALL [for make selectable]; nil unless INSTALLED.
    public func afterMakeSelectable() -> ApplicationState? {
        self == .installed ? .selectable : nil
    }

    /// The state after the application itself asked for one of its own states (0xxx x111); nil when locked or not yet selectable.
    public func afterOwnTransition(to state: UInt8) -> ApplicationState? {
        guard isSelectable, state & 0x87 == 0x07 else { return nil }
        return ApplicationState(known: state)
    }

    public var description: String {
        if isLocked { return "LOCKED" }
        switch rawValue {
        case 0x03: return "INSTALLED"
        case 0x07: return "SELECTABLE"
        default: return "application state \(Hex.encodeUpperCase([rawValue]))"
        }
    }
}
