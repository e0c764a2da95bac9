/// Life cycle of the card, which is the Issuer Security Domain's state (GPCS 2.3.1, 5.1.1 and table 11-6).
public enum CardState: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case opReady = 0x01
    case initialized = 0x07
    case secured = 0x0F
    case cardLocked = 0x7F
    case terminated = 0xFF

    /// OP_READY → INITIALIZED → SECURED, each once; SECURED and CARD_LOCKED both ways; TERMINATED from any other, for good.
    public func allowsTransition(to next: CardState) -> Bool {
        switch (self, next) {
        case (.opReady, .initialized), (.initialized, .secured), (.secured, .cardLocked), (.cardLocked, .secured): true
        case (.terminated, _): false
        case (_, .terminated): true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .opReady: "OP_READY"
        case .initialized: "INITIALIZED"
        case .secured: "SECURED"
        case .cardLocked: "CARD_LOCKED"
        case .terminated: "TERMINATED"
        }
    }
}

/// Life cycle of an Executable Load File: it is there or it is not (GPCS 2.3.1, 5.2 and table 11-3).
public enum LoadFileState: UInt8, Hashable, Sendable {
    case loaded = 0x01
}
