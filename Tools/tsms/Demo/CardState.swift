import GlobalPlatform
import SecureComponentSimulator

/// What is on a simulated card: read from its image, that is from the card's memory and not through its interface.
struct CardState: Sendable, Hashable {
    var registry: Set<RegistryEntry>
    var freeNonVolatile: UInt64
    var freeVolatile: UInt64
    var accessRules: [AccessRule]?

    init(of card: SimulatedCard) {
        let image = card.image
        registry = Set(image.registry)
        let free = image.freeMemory(for: card.profile.issuerSecurityDomain)
        freeNonVolatile = free.nonVolatile
        freeVolatile = free.volatile
        accessRules = image.accessRules
    }

    /// What differs, in words; empty when nothing does.
    func differences(from earlier: CardState) -> [String] {
        var found: [String] = []
        for entry in registry.subtracting(earlier.registry).sorted(by: { $0.aid < $1.aid }) { found.append("\(entry.aid) is in the registry as it was not before") }
        for entry in earlier.registry.subtracting(registry).sorted(by: { $0.aid < $1.aid }) { found.append("\(entry.aid) is no longer in the registry as it was") }
        if freeNonVolatile != earlier.freeNonVolatile { found.append("\(freeNonVolatile) bytes of non-volatile memory are free, before it were \(earlier.freeNonVolatile)") }
        if freeVolatile != earlier.freeVolatile { found.append("\(freeVolatile) bytes of volatile memory are free, before it were \(earlier.freeVolatile)") }
        if accessRules != earlier.accessRules { found.append("the access rules are not those of before") }
        return found
    }
}
