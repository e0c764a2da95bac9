import GlobalPlatform
import SecureComponentSimulator

/// What is on a card, without the counters that every session advances.
struct CardContent: Sendable, Hashable {
    var registry: Set<RegistryEntry>
    var freeNonVolatile: UInt64
    var freeVolatile: UInt64
    var accessRules: [AccessRule]?

    init(of card: SimulatedCard) {
        let image = card.image
        registry = Set(image.registry)
        (freeNonVolatile, freeVolatile) = image.freeMemory(for: card.profile.issuerSecurityDomain)
        accessRules = image.accessRules
    }
}
