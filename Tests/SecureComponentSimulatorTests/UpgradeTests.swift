import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("Upgrade of load files under their instances")
struct UpgradeTests {
    let instance = Cards.aid("f054534d5301010101")
    let version = CommandAPDU(cla: 0x80, ins: 0x30, p1: 0, p2: 0, expectedLength: 256)
    let holder = CommandAPDU(cla: 0x80, ins: 0x10, p1: 0, p2: 0, expectedLength: 256)

    private func cap(_ name: String) throws -> CAPFile { try CAPFile(Applets.archive(name)) }

    /// A card with the ticket applet 1.0, personalised, and a host in a session with its domain.
    private func deployed(_ profile: CardProfile = .eSEWithCSP, file: CardFile? = nil) throws -> Host {
        let host = try Cards.withDomain(Cards.make(profile, file: file))
        let ticket = try cap("ticket-1.0-jc304")
        #expect(try host.load(ticket) == .success)
        #expect(try host.install(ticket, module: ticket.applets[0].aid, as: instance) == .success)
        #expect(try host.personalize(instance, [(.unspecified, [0xC0, 3, 0x41, 0x64, 0x61])]) == .success)
        return host
    }

    private func manage(_ host: Host, _ action: ManageUpgradeCommand.Action, _ loadFile: AID? = nil) throws -> (StatusWord, UInt8?) {
        let response = try host.send(ManageUpgradeCommand(action, loadFile: loadFile).apdu)
        return (response.statusWord, response.statusWord.isSuccess ? try ManageUpgradeResponse(parsing: response.data).status : nil)
    }

    private func answer(_ card: SimulatedCard, _ command: CommandAPDU) throws -> [UInt8] {
        let host = Host(card)
        #expect(try host.select(instance).statusWord == .success)
        return try host.plain(command).data
    }

    @Test("start, load, resume: the new code answers with the old data, under the same AID, in the same state")
    func whole() throws {
        let host = try deployed()
        let card = host.card
        #expect(try answer(card, version) == [1, 0])
        try host.select(Cards.ssd)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        let package = Cards.aid("f054534d530101")
        #expect(try manage(host, .status) == (.success, 0x00))
        let before = try host.registry(.applications, prefix: instance.bytes)
        let free = card.image.freeMemory(for: Cards.ssd).nonVolatile
        #expect(try manage(host, .start, package) == (.success, 0x02))
        #expect(try manage(host, .status) == (.success, 0x02))
        #expect(try host.send(GetStatusCommand(scope: .applications, aidPrefix: instance.bytes).apdu).statusWord == .referencedDataNotFound)
        #expect(try host.send(GetStatusCommand(scope: .loadFiles, aidPrefix: package.bytes).apdu).statusWord == .referencedDataNotFound)
        #expect(card.image.freeMemory(for: Cards.ssd).nonVolatile > free)
        // The instance's AID is not free for others, and it cannot be restored from nothing.
        #expect(try host.load(cap("ticket-1.1-jc304"), name: instance) == .incorrectData)
        #expect(try manage(host, .resume).0 == .conditionsNotSatisfied)
        #expect(try manage(host, .start, package).0 == .conditionsNotSatisfied)
        #expect(try host.load(cap("ticket-1.1-jc304")) == .success)
        #expect(try manage(host, .status) == (.success, 0x03))
        #expect(try manage(host, .resume) == (.success, 0x01))
        #expect(try manage(host, .status) == (.success, 0x00))
        #expect(try host.registry(.applications, prefix: instance.bytes) == before)
        #expect(try host.registry(.loadFiles, prefix: package.bytes).first?.version == [1, 1])
        #expect(try answer(card, version) == [1, 1])
        #expect(try answer(card, holder) == Array("Ada".utf8))
        #expect(card.image.inconsistency == nil)
    }

    @Test("a session survives loss of power, is its domain's alone, and keeps that domain on the card")
    func durable() throws {
        let directory = try PersistenceTests.Directory()
        let host = try deployed(file: directory.file())
        let package = Cards.aid("f054534d530101")
        #expect(try manage(host, .start, package) == (.success, 0x02))
        let card = try SimulatedCard(opening: directory.file())
        let issuer = try Cards.issuer(card)
        #expect(try manage(issuer, .abort).0 == .conditionsNotSatisfied)
        #expect(try issuer.status(DeleteCommand.object(Cards.ssd, related: true).apdu) == .conditionsNotSatisfied)
        let again = Host(card)
        try again.select(Cards.ssd)
        #expect(try again.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try again.load(cap("ticket-1.1-jc304")) == .success)
        card.reset()
        try again.select(Cards.ssd)
        #expect(try again.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try manage(again, .resume) == (.success, 0x01))
        #expect(try answer(card, holder) == Array("Ada".utf8))
        #expect(try Cards.issuer(card).status(DeleteCommand.object(Cards.ssd, related: true).apdu) == .success)
    }

    @Test("an aborted session takes its instances along; the card is as if they had been deleted")
    func aborted() throws {
        let host = try deployed()
        #expect(try manage(host, .start, Cards.aid("f054534d530101")) == (.success, 0x02))
        #expect(try manage(host, .abort) == (.success, 0x00))
        let ticket = try cap("ticket-1.0-jc304")
        #expect(try host.load(ticket) == .success)
        #expect(try host.install(ticket, module: ticket.applets[0].aid, as: instance) == .success)
        #expect(try answer(host.card, holder).isEmpty)
    }

    @Test("a new load file without the module: the restore fails, recovery makes room for the right one")
    func recovered() throws {
        let host = try deployed()
        let card = host.card
        let package = Cards.aid("f054534d530101")
        #expect(try manage(host, .start, package) == (.success, 0x02))
        // The same code under a module AID that ends otherwise.
        let ticket = try cap("ticket-1.1-jc304")
        var block = ticket.loadFileDataBlock
        let module = ticket.applets[0].aid.bytes
        for index in 0..<block.count - module.count where Array(block[index..<index + module.count]) == module { block[index + module.count - 1] ^= 0x40 }
        #expect(try host.status(.load(InstallForLoad(loadFile: package))) == .success)
        for command in try LoadFile(dataBlock: block).commands(maximumPayload: host.maximumPayload) { #expect(try host.status(command.apdu) == .success) }
        #expect(try manage(host, .recover).0 == .conditionsNotSatisfied)
        #expect(try manage(host, .resume) == (.success, 0x04))
        #expect(try manage(host, .status) == (.success, 0x04))
        #expect(try manage(host, .resume).0 == .conditionsNotSatisfied)
        #expect(try manage(host, .recover) == (.success, 0x02))
        #expect(try host.load(ticket) == .success)
        #expect(try manage(host, .resume) == (.success, 0x01))
        #expect(try answer(card, holder) == Array("Ada".utf8))
    }

    @Test("what cannot be upgraded: what is not there, in ROM, selected, another's; on a card that does not offer it nothing")
    func refused() throws {
        let host = try deployed()
        let card = host.card
        #expect(try manage(host, .start, Cards.otherSSD).0 == .referencedDataNotFound)
        #expect(try manage(host, .start, .securityDomainPackage).0 == .conditionsNotSatisfied)
        _ = try card.transmit(ManageChannelCommand.open.apdu)
        let app = Host(card, channel: 1)
        #expect(try app.select(instance).statusWord == .success)
        let before = card.image
        #expect(try manage(host, .start, Cards.aid("f054534d530101")).0 == .conditionsNotSatisfied)
        for action in [ManageUpgradeCommand.Action.resume, .recover, .abort] { #expect(try manage(host, action).0 == .conditionsNotSatisfied) }
        for data: [UInt8] in [[], [0xA1, 0], [0xA1, 2, 0x4F, 0], [0x4F, 5, 1, 2, 3, 4, 5]] {
            #expect(try host.status(CommandAPDU(cla: 0x80, ins: 0xEA, p1: 1, p2: 0, data: data)) == .incorrectData)
        }
        #expect(try host.status(CommandAPDU(cla: 0x80, ins: 0xEA, p1: 9, p2: 0)) == .incorrectP1P2)
        #expect(card.image == before)
        let other = Host(card)
        try other.select(Cards.ssd)
        #expect(try other.plain(ManageUpgradeCommand(.status).apdu).statusWord == .securityStatusNotSatisfied)
        let older = try deployed(.eSE)
        #expect(try older.card.transmit(older.wrap(ManageUpgradeCommand(.status).apdu)).statusWord == .instructionNotSupported)
    }
}
