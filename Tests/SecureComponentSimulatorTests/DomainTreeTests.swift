import Cryptography
import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("Tree of security domains")
struct DomainTreeTests {
    private let middle = Cards.aid("f054534d530702")
    private let leaf = Cards.aid("f054534d530703")
    private let parameters = SecurityDomainParameters(secureChannels: [])

    private func create(_ host: Host, _ aid: AID, _ privileges: Privileges = .serviceProviderSecurityDomain, _ parameters: SecurityDomainParameters? = nil) throws -> StatusWord {
        try host.status(.install(InstallForInstall(securityDomain: aid, privileges: privileges, parameters: parameters ?? self.parameters)))
    }

    /// SSD (keys 0x22) below the issuer, two domains without keys below it.
    private func tree() throws -> SimulatedCard {
        let card = try Cards.make()
        #expect(try create(Cards.withDomain(card), middle) == .success)
        let host = Host(card)
        try host.select(middle)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try create(host, leaf) == .success)
        return card
    }

    @Test("a domain without keys uses those of the nearest domain above that has some, and its counter")
    func inheritance() throws {
        let card = try tree()
        #expect(card.entry(leaf)?.securityDomain == middle)
        let counter = card.image.keySets(of: Cards.ssd).map(\.sequenceCounter)
        let host = Host(card)
        try host.select(leaf)
        #expect(try CardIdentity.sequenceCounter(from: host.plain(GetDataCommand.sequenceCounter.apdu).data) == counter[0])
        // The issuer's keys, further up, are not those of this branch.
        #expect(throws: SCP03Error.cardCryptogramMismatch) { try host.open(Cards.isdKeys(), version: 0x30) }
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(card.image.keySets(of: Cards.ssd).map(\.sequenceCounter) == [counter[0] + 2])
        // Keys of its own replace them at once; those that open no secure channel do not.
        #expect(try host.status(Cards.putSecret(Cards.receiptKey, version: ManagementKeyVersion.dap, under: Cards.keys(0x22))) == .success)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        let part = try Cards.components(Cards.keys(0x55), under: Cards.keys(0x22))
        #expect(try host.status(PutKeyCommand(newVersion: 0x31, firstIdentifier: 1, components: [part[0]]).apdu()) == .success)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try host.status(PutKeyCommand(newVersion: 0x31, firstIdentifier: 2, components: Array(part[1...])).apdu()) == .success)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .referencedDataNotFound)
        #expect(try host.open(Cards.keys(0x55), version: 0x31) == .success)
        #expect(card.image.keySets(of: leaf).map(\.sequenceCounter) == [0, 1])
        // Its own keys gone, it uses the others' again.
        #expect(try host.status(DeleteCommand.key(identifier: nil, version: 0x31).apdu) == .success)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
    }

    @Test("a locked domain rejects everything, its keys for domains below included; unlocked it is as before")
    func locked() throws {
        let card = try tree()
        let issuer = try Cards.issuer(card)
        #expect(try issuer.status(SetStatusCommand.lock(Cards.ssd).apdu) == .success)
        let host = Host(card, channel: try ManageChannelCommand.channel(from: issuer.plain(ManageChannelCommand.open.apdu).data))
        #expect(try host.select(Cards.ssd).statusWord == .applicationNotFound)
        try host.select(leaf)
        let before = card.image
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .conditionsNotSatisfied)
        #expect(try issuer.status(.extradition(InstallForExtradition(newSecurityDomain: Cards.ssd, object: leaf))) == .conditionsNotSatisfied)
        #expect(try issuer.status(.personalization(Cards.ssd)) == .conditionsNotSatisfied)
        #expect(try issuer.status(.load(InstallForLoad(loadFile: Cards.aid("f054534d530704"), securityDomain: Cards.ssd))) == .conditionsNotSatisfied)
        #expect(card.image == before)
        #expect(try issuer.status(SetStatusCommand.unlock(Cards.ssd).apdu) == .success)
        #expect(card.entry(Cards.ssd)?.securityDomainState == .personalized)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
    }

    @Test("nothing is installed from the load file of a locked domain")
    func lockedLoadFile() throws {
        let card = try tree()
        let host = try Cards.session(card, Cards.ssd)
        let cap = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        #expect(try host.load(cap, into: middle) == .success)
        #expect(try host.status(SetStatusCommand.lock(middle).apdu) == .success)
        let before = card.image
        let module = try #require(cap.applets.first).aid
        #expect(try host.install(cap, module: module, as: Cards.aid("f054534d5301010101")) == .conditionsNotSatisfied)
        #expect(card.image == before)
        #expect(try host.status(SetStatusCommand.unlock(middle).apdu) == .success)
        #expect(try host.install(cap, module: module, as: Cards.aid("f054534d5301010101")) == .success)
    }

    @Test("82, 83 and 87 without any bit: no extradition here, no deletion by others, no extradition away")
    func acceptance() throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        let closed = SecurityDomainParameters(
            secureChannels: [], acceptsExtraditionHere: [0x00, 0x00], acceptsDeletion: [0x00], acceptsExtraditionAway: [0x00, 0x00])
        let open = SecurityDomainParameters(
            secureChannels: [], acceptsExtraditionHere: [0x20, 0x20], acceptsDeletion: [0x20], acceptsExtraditionAway: [0x20, 0x20])
        #expect(try create(issuer, Cards.ssd, .serviceProviderSecurityDomain, closed) == .success)
        #expect(try create(issuer, Cards.otherSSD, .serviceProviderSecurityDomain, open) == .success)
        let host = Host(card)
        try host.select(Cards.ssd)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
        #expect(try create(host, middle) == .success)
        let again = try Cards.issuer(card)
        #expect(try create(again, leaf) == .success)
        let before = card.image
        func move(_ object: AID, _ domain: AID) throws -> StatusWord { try again.status(.extradition(InstallForExtradition(newSecurityDomain: domain, object: object))) }
        #expect(try move(leaf, Cards.ssd) == .conditionsNotSatisfied)
        #expect(try move(middle, Cards.isd) == .conditionsNotSatisfied)
        #expect(try again.status(.registryUpdate(InstallForRegistryUpdate(securityDomain: Cards.isd, application: middle))) == .conditionsNotSatisfied)
        #expect(card.image == before)
        #expect(try move(leaf, Cards.otherSSD) == .success)
        #expect(try move(leaf, Cards.isd) == .success)
        // Deletion by a domain without Global Delete; the issuer has it.
        #expect(try again.status(DeleteCommand.object(middle).apdu) == .success)
    }

    @Test("83 without any bit keeps domains above from deleting what a domain holds, not the domain itself nor Global Delete")
    func deletion() throws {
        let card = try Cards.make()
        let closed = SecurityDomainParameters(secureChannels: [], acceptsDeletion: [0x00])
        let host = try Cards.withDomain(card)
        #expect(try create(host, middle, .serviceProviderSecurityDomain, closed) == .success)
        let inner = Host(card)
        try inner.select(middle)
        #expect(try inner.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try create(inner, leaf) == .success)
        let above = try Cards.session(card, Cards.ssd)
        let before = card.image
        #expect(try above.status(DeleteCommand.object(leaf).apdu) == .conditionsNotSatisfied)
        #expect(card.image == before)
        try inner.select(middle)
        #expect(try inner.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try inner.status(DeleteCommand.object(leaf).apdu) == .success)
        #expect(try create(inner, leaf) == .success)
        #expect(try Cards.issuer(card).status(DeleteCommand.object(leaf).apdu) == .success)
    }

    @Test("a load file is extradited like an application, and its instances stay where they are")
    func loadFile() throws {
        let card = try tree()
        let host = try Cards.session(card, Cards.ssd)
        let cap = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        let instance = Cards.aid("f054534d5301010101")
        #expect(try host.load(cap) == .success)
        #expect(try host.install(cap, module: #require(cap.applets.first).aid, as: instance) == .success)
        #expect(try host.status(.extradition(InstallForExtradition(newSecurityDomain: leaf, object: cap.packageAID))) == .success)
        #expect(card.entry(cap.packageAID)?.securityDomain == leaf)
        #expect(card.entry(instance)?.securityDomain == Cards.ssd)
        #expect(try host.status(DeleteCommand.object(leaf).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(leaf, related: true).apdu) == .conditionsNotSatisfied)
        #expect(card.entry(leaf) != nil && card.entry(cap.packageAID) != nil)
        #expect(try host.status(DeleteCommand.object(instance).apdu) == .success)
        #expect(try host.status(DeleteCommand.object(leaf, related: true).apdu) == .success)
        #expect(card.entry(cap.packageAID) == nil)
    }
}
