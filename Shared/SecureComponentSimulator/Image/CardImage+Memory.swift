import GlobalPlatform

/// Bytes of both kinds of memory.
struct MemoryAmount: Hashable, Sendable {
    var nonVolatile: UInt64 = 0
    var volatile: UInt64 = 0

    static func + (left: MemoryAmount, right: MemoryAmount) -> MemoryAmount {
        MemoryAmount(nonVolatile: left.nonVolatile + right.nonVolatile, volatile: left.volatile + right.volatile)
    }
}

/// What things cost. The figures are the simulator's own; that they are charged, limited and given back is GlobalPlatform's (GPCS 2.3.1, 9.7).
enum MemoryCost {
    static let loadFile: UInt64 = 160
    static let application = MemoryAmount(nonVolatile: 256, volatile: 64)
    static let securityDomain = MemoryAmount(nonVolatile: 512, volatile: 128)
    static let keySet: UInt64 = 48
}

/// Memory is charged to an object's security domain and to every domain above it; a quota limits what hangs below a domain,
/// a reservation takes its bytes from the card at once.
extension CardImage {
    /// What an object needs by itself.
    private func ownCost(of application: ApplicationRecord) -> MemoryAmount {
        if application.aid == issuerSecurityDomain { return MemoryAmount(nonVolatile: data(of: application)) }
        let base = application.isSecurityDomain ? MemoryCost.securityDomain : MemoryCost.application
        return base + MemoryAmount(nonVolatile: data(of: application))
    }

    private func data(of application: ApplicationRecord) -> UInt64 {
        var bytes = 0
        if let domain = application.domain {
            for set in domain.keySets where application.aid != issuerSecurityDomain {
                bytes += Int(MemoryCost.keySet) + set.keys.reduce(0) { $0 + $1.value.bytes.count }
            }
            bytes += domain.dataObjects.values.reduce(0) { $0 + $1.bytes.count }
        }
        if let rules = application.accessRules { bytes += rules.size }
        if let sink = application.sink { bytes += sink.size }
        return UInt64(bytes)
    }

    /// What hangs below a domain, reservations of its members included.
    func used(below domain: AID) -> MemoryAmount {
        var total = MemoryAmount()
        for file in loadFiles(of: domain) where !file.isPreinstalled { total.nonVolatile += MemoryCost.loadFile + UInt64(file.size) }
        for application in applications(of: domain) { total = total + charge(of: application) }
        return total
    }

    /// What an object takes from the domain that it is associated with.
    private func charge(of application: ApplicationRecord) -> MemoryAmount {
        let content = application.isSecurityDomain ? used(below: application.aid) : MemoryAmount()
        let reserved = application.memory
        return ownCost(of: application) + MemoryAmount(
            nonVolatile: max(content.nonVolatile, UInt64(reserved.nonVolatileReserved ?? 0)),
            volatile: max(content.volatile, UInt64(reserved.volatileReserved ?? 0)))
    }

    private var used: MemoryAmount {
        used(below: issuerSecurityDomain) + (application(issuerSecurityDomain).map { ownCost(of: $0) } ?? MemoryAmount())
    }

    /// What is left for content of `domain`: of the card, and of every quota on the way to it.
    func free(for domain: AID) -> MemoryAmount {
        let used = used
        var free = MemoryAmount(
            nonVolatile: UInt64(profile.nonVolatileMemory) - min(UInt64(profile.nonVolatileMemory), used.nonVolatile),
            volatile: UInt64(profile.volatileMemory) - min(UInt64(profile.volatileMemory), used.volatile))
        var current = domain
        for _ in 0...applications.count {
            guard let record = application(current), record.securityDomain != current else { break }
            let content = self.used(below: current)
            if let quota = record.memory.nonVolatileQuota { free.nonVolatile = min(free.nonVolatile, UInt64(quota) - min(UInt64(quota), content.nonVolatile)) }
            if let quota = record.memory.volatileQuota { free.volatile = min(free.volatile, UInt64(quota) - min(UInt64(quota), content.volatile)) }
            current = record.securityDomain
        }
        return free
    }

    /// Whether all that is there fits: the card, every quota.
    /// - Throws: 6A84 naming what is exceeded.
    func checkMemory() throws(Refusal) {
        let used = used
        guard used.nonVolatile <= UInt64(profile.nonVolatileMemory), used.volatile <= UInt64(profile.volatileMemory) else {
            throw Refusal(.notEnoughMemory, "the card's memory is full")
        }
        for application in applications {
            let limits = application.memory
            if limits.nonVolatileQuota == nil && limits.volatileQuota == nil { continue }
            let content = application.isSecurityDomain ? self.used(below: application.aid) : MemoryAmount(nonVolatile: data(of: application))
            guard content.nonVolatile <= UInt64(limits.nonVolatileQuota ?? .max), content.volatile <= UInt64(limits.volatileQuota ?? .max) else {
                throw Refusal(.notEnoughMemory, "the quota of \(application.aid) is used up")
            }
        }
    }
}
