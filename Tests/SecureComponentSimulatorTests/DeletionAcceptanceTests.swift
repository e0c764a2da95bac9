import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

/// Tag 83 of a domain's installation parameters (GPCS 2.3.1, table H-8), without any bit.
@Suite("a domain that does not let domains above delete what it holds")
struct DeletionAcceptanceTests {
    private let closed = Cards.aid("f054534d530702")
    private let leaf = Cards.aid("f054534d530703")
    private let instance = Cards.aid("f054534d5301010101")

    private func create(_ host: Host, _ aid: AID, acceptsDeletion: [UInt8]? = nil) throws -> StatusWord {
        try host.status(.install(InstallForInstall(
            securityDomain: aid, privileges: .serviceProviderSecurityDomain, parameters: SecurityDomainParameters(secureChannels: [], acceptsDeletion: acceptsDeletion))))
    }

    private func inner(_ card: SimulatedCard) throws -> Host { try Cards.session(card, closed) }

    /// A domain with keys (SSD) and below it the closed one, which `fill` puts something into.
    private func card(_ fill: (Host) throws -> Void) throws -> SimulatedCard {
        let card = try Cards.make()
        #expect(try create(Cards.withDomain(card), closed, acceptsDeletion: [0x00]) == .success)
        try fill(try inner(card))
        return card
    }

    private func ticket() throws -> CAPFile { try CAPFile(Applets.archive("ticket-1.0-jc304")) }

    private func hold(_ host: Host) throws { #expect(try create(host, leaf) == .success) }

    private func load(_ host: Host, installs: Bool) throws {
        let cap = try ticket()
        #expect(try host.load(cap) == .success)
        if installs { #expect(try host.install(cap, module: #require(cap.applets.first).aid, as: instance) == .success) }
    }

    /// From above refused with 6985 and nothing changes; from the domain itself, and by Global Delete, done.
    private func check(_ command: CommandAPDU, gone: AID, _ fill: (Host) throws -> Void) throws {
        for isGlobal in [false, true] {
            let card = try card(fill)
            let above = try Cards.session(card, Cards.ssd)
            let before = card.image.registry
            #expect(try above.status(command) == .conditionsNotSatisfied)
            #expect(card.image.registry == before)
            let allowed = isGlobal ? try Cards.issuer(card) : try inner(card)
            #expect(try allowed.status(command) == .success, "Global Delete: \(isGlobal)")
            #expect(card.entry(gone) == nil)
        }
    }

    @Test("its application by name")
    func application() throws { try check(DeleteCommand.object(instance).apdu, gone: instance) { try load($0, installs: true) } }

    @Test("its load file, alone and with the instances")
    func loadFile() throws {
        let file = try ticket().packageAID
        try check(DeleteCommand.object(file).apdu, gone: file) { try load($0, installs: false) }
        try check(DeleteCommand.object(file, related: true).apdu, gone: instance) { try load($0, installs: true) }
    }

    @Test("a domain that it holds, and that domain with its content")
    func domain() throws {
        try check(DeleteCommand.object(leaf).apdu, gone: leaf) { try hold($0) }
        try check(DeleteCommand.object(leaf, related: true).apdu, gone: leaf) { try hold($0) }
    }

    @Test("itself while it is empty may go; with its content only by Global Delete")
    func itself() throws {
        let empty = try card { _ in }
        #expect(try Cards.session(empty, Cards.ssd).status(DeleteCommand.object(closed).apdu) == .success)
        for fill in [{ host in try load(host, installs: true) }, { host in try hold(host) }] as [(Host) throws -> Void] {
            let full = try card(fill)
            let above = try Cards.session(full, Cards.ssd)
            let before = full.image.registry
            #expect(try above.status(DeleteCommand.object(closed, related: true).apdu) == .conditionsNotSatisfied)
            #expect(full.image.registry == before)
            #expect(try Cards.issuer(full).status(DeleteCommand.object(closed, related: true).apdu) == .success)
            #expect(full.entry(closed) == nil)
        }
    }

    @Test("the instance that lies in it, of a load file above it: the load file does not take it along")
    func instanceBelow() throws {
        let card = try card { _ in }
        let above = try Cards.session(card, Cards.ssd)
        let cap = try ticket()
        #expect(try above.load(cap) == .success)
        #expect(try inner(card).install(cap, module: #require(cap.applets.first).aid, as: instance) == .success)
        #expect(card.entry(instance)?.securityDomain == closed)
        let again = try Cards.session(card, Cards.ssd)
        #expect(try again.status(DeleteCommand.object(cap.packageAID, related: true).apdu) == .conditionsNotSatisfied)
        #expect(card.entry(instance) != nil && card.entry(cap.packageAID) != nil)
        #expect(try inner(card).status(DeleteCommand.object(instance).apdu) == .success)
        #expect(try Cards.session(card, Cards.ssd).status(DeleteCommand.object(cap.packageAID, related: true).apdu) == .success)
    }
}
