import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("Memory")
struct MemoryTests {
    let instance = Cards.aid("f054534d5301010101")

    private func cap(_ name: String) throws -> CAPFile { try CAPFile(Applets.archive(name)) }
    private func free(_ card: SimulatedCard, _ domain: AID = Cards.isd) -> UInt64 { card.image.freeMemory(for: domain).nonVolatile }

    private func create(_ host: Host, _ aid: AID, _ system: SystemParameters) throws -> StatusWord {
        try host.status(.install(InstallForInstall(securityDomain: aid, parameters: SecurityDomainParameters(secureChannels: []), system: system)))
    }

    @Test("every object costs, GET DATA tells what is left, and deletion gives back exactly what it cost, step by step")
    func givenBack() throws {
        let card = try Cards.make()
        func told() throws -> UInt64 {
            let host = Host(card, channel: 0)
            try host.select(Cards.isd)
            return UInt64(try ExtendedCardResources(parsing: host.plain(GetDataCommand.extendedCardResources.apdu).data).freeNonVolatileMemory)
        }
        var levels: [(what: String, free: UInt64)] = [("empty", try told())]
        func step(_ what: String) throws {
            let now = try told()
            #expect(now == free(card))
            #expect(now < levels[levels.count - 1].free, "\(what) costs nothing")
            levels.append((what, now))
        }
        func issuer() throws -> Host { try Cards.issuer(card) }
        func provider() throws -> Host {
            let host = Host(card)
            try host.select(Cards.ssd)
            #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
            return host
        }
        let ticket = try cap("ticket-1.0-jc304")
        #expect(try Cards.createDomain(issuer()) == .success)
        try step("domain")
        #expect(try Cards.storeFirstKeys(issuer(), Cards.keys(0x22)) == .success)
        try step("key set")
        #expect(try provider().load(ticket) == .success)
        try step("load file")
        #expect(try provider().install(ticket, module: ticket.applets[0].aid, as: instance) == .success)
        try step("instance")
        #expect(try provider().personalize(instance, [(.unspecified, [0xC0, 3, 1, 2, 3])]) == .success)
        try step("data")
        #expect(try AccessRuleTests.store(issuer(), .store(AccessRuleTests.rule(instance))) == .success)
        try step("rule")
        #expect(try issuer().status(Cards.putKey(Cards.keys(0x33), version: 0x31, under: Cards.isdKeys())) == .success)
        try step("issuer's key set")
        func back(_ what: String, to steps: Int) throws {
            #expect(try told() == levels[levels.count - 1 - steps].free, "\(what)")
            levels.removeLast(steps)
        }
        #expect(try issuer().status(DeleteCommand.key(identifier: nil, version: 0x31).apdu) == .success)
        try back("issuer's key set", to: 1)
        #expect(try AccessRuleTests.store(issuer(), .deleteRule(AccessRuleTests.rule(instance))) == .success)
        try back("rule", to: 1)
        #expect(try provider().status(DeleteCommand.object(instance).apdu) == .success)
        try back("instance with its data", to: 2)
        #expect(try provider().status(DeleteCommand.object(ticket.packageAID).apdu) == .success)
        try back("load file", to: 1)
        #expect(try issuer().status(DeleteCommand.object(Cards.ssd).apdu) == .success)
        try back("domain with its keys", to: 2)
        #expect(levels.count == 1)
    }

    @Test("a quota limits what hangs below a domain, and what is refused changes nothing")
    func quota() throws {
        let card = try Cards.make()
        let ticket = try cap("ticket-1.0-jc304")
        let size = UInt32(ticket.loadFileDataBlock.count)
        let host = try Cards.withDomain(card, quota: size + 160 + 300)
        #expect(free(card, Cards.ssd) == UInt64(size) + 460)
        #expect(try host.load(ticket) == .success)
        #expect(free(card, Cards.ssd) == 300)
        #expect(try host.install(ticket, module: ticket.applets[0].aid, as: instance) == .success)
        #expect(free(card, Cards.ssd) == 44)
        let before = card.image
        #expect(try host.install(ticket, module: ticket.applets[0].aid, as: Cards.aid("f054534d5301010102")) == .notEnoughMemory)
        #expect(try host.personalize(instance, [(.unspecified, [0xC0, 48] + [UInt8](repeating: 1, count: 48))]) == .notEnoughMemory)
        #expect(try host.load(cap("store-1.0-jc304")) == .notEnoughMemory)
        #expect(card.image == before)
        #expect(try host.personalize(instance, [(.unspecified, [0xC0, 44] + [UInt8](repeating: 1, count: 44))]) == .success)
        #expect(free(card, Cards.ssd) == 0)
        #expect(free(card) > 100_000)
        // The issuer cannot lower the quota below what is there; it can raise it.
        let issuer = try Cards.issuer(card)
        func change(_ quota: UInt32) throws -> StatusWord {
            try issuer.status(.registryUpdate(InstallForRegistryUpdate(application: Cards.ssd, parameters: InstallParameters(system: SystemParameters(nonVolatileQuota: quota)))))
        }
        #expect(try change(size) == .notEnoughMemory)
        #expect(try change(size + 1_000) == .success)
        #expect(free(card, Cards.ssd) == 1_000 - 160 - 256 - 44)
    }

    @Test("volatile memory has its quota too")
    func volatileQuota() throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        #expect(try create(issuer, Cards.ssd, SystemParameters(volatileQuota: 100)) == .success)
        #expect(try Cards.storeFirstKeys(issuer, Cards.keys(0x22)) == .success)
        let host = Host(card)
        try host.select(Cards.ssd)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        let ticket = try cap("ticket-1.0-jc304")
        #expect(try host.load(ticket) == .success)
        #expect(try host.install(ticket, module: ticket.applets[0].aid, as: instance) == .success)
        #expect(card.image.freeMemory(for: Cards.ssd).volatile == 36)
        #expect(try host.install(ticket, module: ticket.applets[0].aid, as: Cards.aid("f054534d5301010102")) == .notEnoughMemory)
    }

    @Test("a reservation takes its bytes at once from everybody else, is there for its domain when the card is full, and holds no one back from more")
    func reservation() throws {
        var profile = CardProfile.eSE
        let ticket = try cap("ticket-1.0-jc304")
        let size = UInt64(ticket.loadFileDataBlock.count)
        profile.nonVolatileMemory = 30_000
        let card = try Cards.make(profile)
        var issuer = try Cards.issuer(card)
        let whole = free(card)
        let reserved = UInt32(size) + 1_000
        #expect(try create(issuer, Cards.ssd, SystemParameters(nonVolatileReserved: reserved)) == .success)
        #expect(free(card) == whole - 512 - UInt64(reserved))
        #expect(try Cards.storeFirstKeys(issuer, Cards.keys(0x22)) == .success)
        // Another domain reserves all that is left.
        let rest = UInt32(free(card)) - 512
        #expect(try create(issuer, Cards.otherSSD, SystemParameters(nonVolatileReserved: rest + 1)) == .notEnoughMemory)
        #expect(try create(issuer, Cards.otherSSD, SystemParameters(nonVolatileReserved: rest)) == .success)
        #expect(free(card) == 0)
        #expect(free(card, Cards.ssd) == UInt64(reserved))
        #expect(try Cards.createDomain(issuer, Cards.aid("f054534d5399")) == .notEnoughMemory)
        let host = Host(card)
        try host.select(Cards.ssd)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try host.load(ticket) == .success)
        #expect(try host.install(ticket, module: ticket.applets[0].aid, as: instance) == .success)
        #expect(free(card, Cards.ssd) == 1_000 - 160 - 256)
        #expect(free(card) == 0)
        #expect(try host.load(cap("store-1.0-jc304")) == .notEnoughMemory)
        issuer = try Cards.issuer(card)
        #expect(try issuer.status(DeleteCommand.object(Cards.otherSSD).apdu) == .success)
        // Beyond its reservation it takes from what is free for all.
        #expect(free(card, Cards.ssd) == 584 + UInt64(rest) + 512)
        try host.select(Cards.ssd)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        let store = try cap("store-1.0-jc304")
        let cost = UInt64(store.loadFileDataBlock.count) + 160
        #expect(try host.load(store) == .success)
        #expect(free(card) == UInt64(rest) + 512 - (cost - 584))
        issuer = try Cards.issuer(card)
        #expect(try issuer.status(DeleteCommand.object(Cards.ssd, related: true).apdu) == .success)
        #expect(free(card) == whole)
    }

    @Test("minimums of INSTALL [for load] are looked at before the first block")
    func minimums() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card, quota: 4_000)
        func install(_ system: SystemParameters) throws -> StatusWord {
            try host.status(.load(InstallForLoad(loadFile: instance, parameters: InstallParameters(system: system))))
        }
        #expect(try install(SystemParameters(nonVolatileCodeMinimum: 4_001)) == .notEnoughMemory)
        #expect(try install(SystemParameters(nonVolatileCodeMinimum: 3_000, nonVolatileQuota: 1_001)) == .notEnoughMemory)
        #expect(try install(SystemParameters(volatileQuota: 0x7FFF)) == .notEnoughMemory)
        #expect(try install(SystemParameters(nonVolatileCodeMinimum: 3_000, nonVolatileQuota: 1_000)) == .success)
    }

    @Test("little memory: the large load file does not fit, its blocks leave nothing behind, the small one fits")
    func small() throws {
        let card = try Cards.make(.uicc)
        let issuer = try Cards.issuer(card)
        #expect(try Cards.createDomain(issuer) == .success)
        let before = card.image
        #expect(try issuer.load(cap("bulk-1.0-jc304"), into: Cards.ssd) == .notEnoughMemory)
        #expect(card.image == before)
        #expect(try issuer.load(cap("ticket-1.0-jc304"), into: Cards.ssd) == .success)
    }

    @Test("a thousand random installations, loads and deletions: the sum is always right, and the empty card is as it was")
    func random() throws {
        let random = SeededRandom(seed: 0x3E3)
        var profile = CardProfile.eSE
        profile.nonVolatileMemory = 18_000
        profile.volatileMemory = 600
        let card = try Cards.make(profile)
        let issuer = try Cards.issuer(card)
        let start = card.image.freeMemory(for: Cards.isd)
        let caps = [try cap("ticket-1.0-jc304"), try cap("store-1.0-jc304")]
        let domains = (0..<4).map { Cards.aid("f054534d53000" + "\($0)") }
        let instances = (0..<6).map { Cards.aid("f054534d53aa0" + "\($0)") }
        var refused = 0
        for _ in 0..<1_000 {
            let before = card.image
            let domain = domains[random.next(below: 4)]
            let status: StatusWord
            switch random.next(below: 6) {
            case 0:
                let amounts: [UInt32?] = [nil, nil, 500, 6_000, 20_000]
                status = try create(issuer, domain, SystemParameters(
                    nonVolatileQuota: amounts[random.next(below: 5)], nonVolatileReserved: amounts[random.next(below: 4)]))
            case 1: status = try issuer.load(caps[random.next(below: 2)], into: random.next(below: 2) == 0 ? nil : domain)
            case 2:
                let cap = caps[random.next(below: 2)]
                status = try issuer.install(cap, module: cap.applets[0].aid, as: instances[random.next(below: 6)])
            case 3: status = try issuer.status(DeleteCommand.object(instances[random.next(below: 6)]).apdu)
            case 4: status = try issuer.status(DeleteCommand.object(caps[random.next(below: 2)].packageAID, related: true).apdu)
            default: status = try issuer.status(DeleteCommand.object(domain, related: true).apdu)
            }
            #expect(card.image.inconsistency == nil)
            if !status.isSuccess {
                #expect(card.image == before)
                if status == .notEnoughMemory { refused += 1 }
            }
            for domain in [Cards.isd] + domains {
                let free = card.image.freeMemory(for: domain)
                #expect(free.nonVolatile <= 18_000 && free.volatile <= 600)
            }
        }
        #expect(refused > 10)
        for aid in instances + caps.map(\.packageAID) + domains { _ = try issuer.status(DeleteCommand.object(aid, related: true).apdu) }
        #expect(card.image.freeMemory(for: Cards.isd) == start)
    }
}
