import GlobalPlatform

/// Looking into the card without a secure channel, for tests and demonstrations.
extension CardImage {
    /// The registry as the Issuer Security Domain would list it: itself, applications and domains, load files with their modules.
    public var registry: [RegistryEntry] {
        applications.map { entry(of: $0) } + loadFiles.map { entry(of: $0, withModules: true) }
    }

    /// Versions and counters of a domain's key sets, in its order; empty when it has none.
    public func keySets(of domain: AID) -> [(version: UInt8, sequenceCounter: UInt32)] {
        application(domain)?.domain?.keySets.map { ($0.version, $0.sequenceCounter) } ?? []
    }

    /// Bytes that are free for content of a domain.
    public func freeMemory(for domain: AID) -> (nonVolatile: UInt64, volatile: UInt64) {
        let free = free(for: domain)
        return (free.nonVolatile, free.volatile)
    }

    /// The rules that readers are told: the master's and its clients'; nil when the card has no master.
    public var accessRules: [AccessRule]? { (try? effectiveAccessRules())?.rules }
}
