import KeyVaultAPI

/// Which changes of state a key set may go through. Nothing is destroyed while it may be on a card.
public enum KeySetTransition {
    /// - Parameter mayBeOnCard: whether the bytes may have reached a card: imported, or part of a script that left the vault.
    public static func isLegal(from: KeySetState, to: KeySetState, mayBeOnCard: Bool) -> Bool {
        switch (from, to) {
        // A change that was made already is no mistake: its answer may have been lost.
        case (.pending, .pending), (.live, .live), (.retired, .retired), (.destroyed, .destroyed): true
        case (.pending, .live), (.pending, .retired), (.live, .retired), (.retired, .destroyed): true
        // The replacement proved not to have happened: the card still holds this set.
        case (.retired, .live): true
        // Straight to destroyed only if no card can ever have seen it.
        case (.pending, .destroyed): !mayBeOnCard
        case (.live, .destroyed), (.live, .pending), (.retired, .pending), (.destroyed, _): false
        }
    }
}
