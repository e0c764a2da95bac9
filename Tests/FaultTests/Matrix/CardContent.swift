import Cryptography
import GlobalPlatform
@testable import SecureComponentSimulator

/// What is on a card, without the counters that every session advances.
struct CardContent: Hashable, Sendable {
    var registry: Set<RegistryEntry>
    /// In whatever order; nil: the card has none.
    var accessRules: Set<AccessRule>?
    /// Versions of the key sets of the Service's security domain.
    var keyVersions: [UInt8]

    init(_ card: SimulatedCard, _ domain: AID) {
        let image = card.image
        registry = Set(image.registry)
        accessRules = image.accessRules.map { Set($0) }
        keyVersions = image.keySets(of: domain).map(\.version)
    }

    /// What differs, for people.
    func difference(from other: CardContent) -> String {
        let more = registry.subtracting(other.registry).map { "+\($0.aid)" }, less = other.registry.subtracting(registry).map { "-\($0.aid)" }
        let rules = accessRules == other.accessRules ? [] : ["\(accessRules?.count ?? 0) access rules instead of \(other.accessRules?.count ?? 0)"]
        let keys = keyVersions == other.keyVersions ? [] : ["key versions \(keyVersions) instead of \(other.keyVersions)"]
        return (more.sorted() + less.sorted() + rules + keys).joined(separator: ", ")
    }
}

extension SimulatedCard {
    /// Check values of a domain's keys of one version; nil where there is no such set.
    func keyCheckValues(of domain: AID, version: UInt8) throws -> [[UInt8]]? {
        guard let set = image.application(domain)?.domain?.keySet(version) else { return nil }
        return try set.keys.map { try aesKeyCheckValue(SecretBytes(copying: $0.value.bytes)) }
    }

    /// Wrong host cryptograms in a row, the most of any key set.
    var failedAuthentications: Int { image.applications.flatMap { $0.domain?.keySets ?? [] }.map(\.failedAuthentications).max() ?? 0 }
}
