import GlobalPlatform

/// Bytes of both kinds of memory.
struct MemoryAmount: Hashable, Sendable {
    var nonVolatile: UInt64 = 0
    var volatile: UInt64 = 0

    static func + (left: MemoryAmount, right: MemoryAmount) -> MemoryAmount {
        MemoryAmount(nonVolatile: left.nonVolatile + right.nonVolatile, volatile: left.volatile + right.volatile)
    }

    static func += (left: inout MemoryAmount, right: MemoryAmount) { left = left + right }

    /// What is left when `other` is taken away; nothing where it is more.
    func less(_ other: MemoryAmount) -> MemoryAmount {
        MemoryAmount(nonVolatile: nonVolatile - Swift.min(nonVolatile, other.nonVolatile), volatile: volatile - Swift.min(volatile, other.volatile))
    }

    /// The greater and the lesser of each kind.
    func atLeast(_ other: MemoryAmount) -> MemoryAmount { MemoryAmount(nonVolatile: Swift.max(nonVolatile, other.nonVolatile), volatile: Swift.max(volatile, other.volatile)) }
    func atMost(_ other: MemoryAmount) -> MemoryAmount { MemoryAmount(nonVolatile: Swift.min(nonVolatile, other.nonVolatile), volatile: Swift.min(volatile, other.volatile)) }

    func fits(_ limit: MemoryAmount) -> Bool { nonVolatile <= limit.nonVolatile && volatile <= limit.volatile }
}

/// What things cost. The figures are the simulator's own; that they are charged, limited and given back is GlobalPlatform's (GPCS 2.3.1, 9.7).
enum MemoryCost {
    static let loadFile: UInt64 = 160
    static let application = MemoryAmount(nonVolatile: 256, volatile: 64)
    static let securityDomain = MemoryAmount(nonVolatile: 512, volatile: 128)
    static let keySet: UInt64 = 48
}

extension ApplicationRecord.Memory {
    /// C7, C8: the most that it may use.
    var quota: MemoryAmount { MemoryAmount(nonVolatile: UInt64(nonVolatileQuota ?? .max), volatile: UInt64(volatileQuota ?? .max)) }
    /// D7, D8: what nobody else may use.
    var reserved: MemoryAmount { MemoryAmount(nonVolatile: UInt64(nonVolatileReserved ?? 0), volatile: UInt64(volatileReserved ?? 0)) }
    var isLimited: Bool { volatileQuota != nil || nonVolatileQuota != nil }
}

/// Memory is charged to an object's security domain and to every domain above it.
///
/// What quota and reservation of an object are about is its *content*: of a domain all that hangs below it, of an application its data. A quota limits the
/// content. A reservation takes its bytes from the domain above at once, and content counts there only where it exceeds the reservation.
extension CardImage {
    var capacity: MemoryAmount { MemoryAmount(nonVolatile: UInt64(profile.nonVolatileMemory), volatile: UInt64(profile.volatileMemory)) }

    /// What an object needs besides its content: management, and of a domain its keys and data.
    private func ownCost(of application: ApplicationRecord) -> MemoryAmount {
        guard let domain = application.domain else { return MemoryCost.application }
        var bytes = domain.dataObjects.values.reduce(0) { $0 + $1.bytes.count }
        for set in domain.keySets { bytes += Int(MemoryCost.keySet) + set.keys.reduce(0) { $0 + $1.size } }
        // The Issuer Security Domain itself is there before there is any memory to share.
        let base = application.aid == issuerSecurityDomain ? MemoryAmount() : MemoryCost.securityDomain
        return base + MemoryAmount(nonVolatile: UInt64(bytes))
    }

    private func content(of application: ApplicationRecord) -> MemoryAmount {
        if application.isSecurityDomain { return used(below: application.aid) }
        return MemoryAmount(nonVolatile: UInt64((application.accessRules?.size ?? 0) + (application.sink?.size ?? 0)))
    }

    /// What hangs below a domain, reservations of its members included.
    func used(below domain: AID) -> MemoryAmount {
        var total = MemoryAmount()
        for file in loadFiles where file.securityDomain == domain && !file.isPreinstalled { total.nonVolatile += MemoryCost.loadFile + UInt64(file.size) }
        for application in applications where application.securityDomain == domain && application.aid != domain { total += charge(of: application) }
        for application in upgrade?.instances ?? [] where application.securityDomain == domain { total += charge(of: application) }
        return total
    }

    /// What an object takes from the domain that it is associated with.
    private func charge(of application: ApplicationRecord) -> MemoryAmount {
        ownCost(of: application) + content(of: application).atLeast(application.memory.reserved)
    }

    private var used: MemoryAmount {
        used(below: issuerSecurityDomain) + (application(issuerSecurityDomain).map { ownCost(of: $0) } ?? MemoryAmount())
    }

    /// What is left for content of `domain`: of the card and of every quota on the way to it, and its own reservations.
    func free(for domain: AID) -> MemoryAmount {
        var path: [ApplicationRecord] = []
        var current = domain
        for _ in 0...applications.count {
            guard let record = application(current), record.securityDomain != current else { break }
            path.append(record)
            current = record.securityDomain
        }
        var free = capacity.less(used)
        for record in path.reversed() {
            let content = used(below: record.aid)
            free = (free + record.memory.reserved.less(content)).atMost(record.memory.quota.less(content))
        }
        return free
    }

    /// Whether all that is there fits: the card, every quota.
    /// - Throws: 6A84 naming what is exceeded.
    func checkMemory() throws(Refusal) {
        guard used.fits(capacity) else { throw Refusal(.notEnoughMemory, "the card's memory is full") }
        for application in applications + (upgrade?.instances ?? []) where application.memory.isLimited {
            guard content(of: application).fits(application.memory.quota) else {
                throw Refusal(.notEnoughMemory, "the quota of \(application.aid) is used up")
            }
        }
    }
}
