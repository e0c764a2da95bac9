import CPCSC

/// What the PC/SC daemon knows of one reader.
public struct ReaderState: Hashable, Sendable {
    public let name: String
    /// SCARD_STATE_… in the lower half, how often components came and went in the upper.
    let flags: UInt32
    /// Answer to reset of the component; empty without one.
    public let atr: [UInt8]

    init(name: String, flags: UInt32, atr: [UInt8] = []) {
        self.name = name
        self.flags = flags
        self.atr = atr
    }

    private func has(_ flag: Int32) -> Bool { flags & UInt32(flag) != 0 }

    var isKnown: Bool { !has(SCARD_STATE_UNKNOWN) && !has(SCARD_STATE_IGNORE) }
    public var isCardPresent: Bool { has(SCARD_STATE_PRESENT) }
    /// A component is there and gave no sensible answer to reset.
    public var isMute: Bool { has(SCARD_STATE_MUTE) }
    /// A program holds the component for itself.
    public var isHeldExclusively: Bool { has(SCARD_STATE_EXCLUSIVE) }
    /// Components that came and went since the daemon was started.
    var movements: UInt16 { UInt16(flags >> 16) }
}

/// Something that happened to readers.
public enum ReaderChange: Hashable, Sendable {
    case readerAdded(String)
    case readerRemoved(String)
    case cardInserted(reader: String, atr: [UInt8])
    case cardRemoved(reader: String)

    /// What lies between two looks, in the order in which it must have happened. A component that was replaced between them shows by the count
    /// of movements.
    static func between(_ before: [ReaderState], _ after: [ReaderState]) -> [ReaderChange] {
        var changes: [ReaderChange] = []
        for old in before where !after.contains(where: { $0.name == old.name }) {
            if old.isCardPresent { changes.append(.cardRemoved(reader: old.name)) }
            changes.append(.readerRemoved(old.name))
        }
        for new in after {
            let old = before.first { $0.name == new.name }
            if old == nil { changes.append(.readerAdded(new.name)) }
            let wasPresent = old?.isCardPresent ?? false
            let isAnother = wasPresent && new.isCardPresent && old?.movements != new.movements
            if wasPresent, !new.isCardPresent || isAnother { changes.append(.cardRemoved(reader: new.name)) }
            if new.isCardPresent, !wasPresent || isAnother { changes.append(.cardInserted(reader: new.name, atr: new.atr)) }
        }
        return changes
    }
}
