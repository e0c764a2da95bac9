import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("Load files and their instances")
struct ContentTests {
    let instance = Cards.aid("f054534d5301010101")

    private func cap(_ name: String) throws -> CAPFile { try CAPFile(Applets.archive(name)) }

    @Test("every applet for this platform loads, with its modules", arguments: ["ticket-1.0-jc304", "ticket-1.1-jc304", "store-1.0-jc304", "bulk-1.0-jc304"])
    func load(_ name: String) throws {
        let host = try Cards.withDomain(Cards.make())
        let cap = try cap(name)
        #expect(try host.load(cap) == .success)
        let entry = try #require(try host.registry(.loadFilesAndModules).first)
        #expect(entry.aid == cap.packageAID)
        #expect(entry.modules == cap.applets.map(\.aid))
        #expect(entry.securityDomain == Cards.ssd)
        #expect(entry.version == cap.packageVersion.components.map { UInt8($0) })
        #expect(try host.load(cap) == .incorrectData)
        for (number, applet) in cap.applets.enumerated() {
            #expect(try host.install(cap, module: applet.aid, as: Cards.aid("f054534d53770" + "\(number)")) == .success)
        }
    }

    @Test("an import that the platform does not offer is refused, and nothing stays")
    func missingImport() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let before = card.image
        #expect(try host.load(cap("ticket-1.1-jc310")) == .conditionsNotSatisfied)
        #expect(card.image == before)
        var profile = CardProfile.eSE
        profile.platformPackages.removeAll { $0.aid.bytes == [0xA0, 0, 0, 0, 0x62, 0x01, 0x02] }
        #expect(try Cards.withDomain(Cards.make(profile)).load(cap("ticket-1.0-jc304")) == .conditionsNotSatisfied)
    }

    @Test("a wrong hash, a wrong name, altered code")
    func wrongFile() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let ticket = try cap("ticket-1.0-jc304")
        let before = card.image
        #expect(try host.load(ticket, hash: [UInt8](repeating: 7, count: 32)) == .conditionsNotSatisfied)
        #expect(try host.load(ticket, hash: [], name: Cards.aid("f054534d530177")) == .conditionsNotSatisfied)
        #expect(try host.load(ticket, hash: [1, 2, 3]) == .incorrectData)
        #expect(try host.load(ticket, hash: [UInt8](repeating: 7, count: 20)) == .incorrectData)
        var block = ticket.loadFileDataBlock
        block[3] ^= 0xFF
        #expect(try host.status(.load(InstallForLoad(loadFile: ticket.packageAID))) == .success)
        var last = StatusWord.success
        for command in try LoadFile(dataBlock: block).commands(maximumPayload: host.maximumPayload) { last = try host.status(command.apdu) }
        #expect(last == .incorrectData)
        #expect(card.image == before)
        #expect(try host.load(ticket, hash: []) == .success)
    }

    @Test("blocks out of order, missing, repeated, interrupted; LOAD without INSTALL")
    func order() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let ticket = try cap("ticket-1.0-jc304")
        let blocks = try ticket.loadFile.commands(maximumPayload: host.maximumPayload)
        let before = card.image
        func begin(_ count: Int) throws {
            #expect(try host.status(.load(InstallForLoad(loadFile: ticket.packageAID))) == .success)
            for block in blocks.prefix(count) { #expect(try host.status(block.apdu) == .success) }
        }
        #expect(try host.status(blocks[0].apdu) == .conditionsNotSatisfied)
        try begin(1)
        #expect(try host.status(blocks[2].apdu) == .conditionsNotSatisfied)
        #expect(try host.status(blocks[1].apdu) == .conditionsNotSatisfied)
        try begin(2)
        #expect(try host.status(blocks[1].apdu) == .conditionsNotSatisfied)
        try begin(2)
        #expect(try host.status(GetStatusCommand(scope: .applications).apdu) == .success)
        #expect(try host.status(blocks[2].apdu) == .conditionsNotSatisfied)
        try begin(2)
        var command = blocks[2].apdu
        command.p1 = 0x40
        #expect(try host.status(command) == .incorrectP1P2)
        try begin(2)
        command = blocks[2].apdu
        command.p1 = 0x80
        #expect(try host.status(command) == .incorrectData)
        try begin(0)
        #expect(try host.status(LoadCommand(blockNumber: 0, isLast: true, block: [0xE2, 0x00, 0xC4, 0x00]).apdu) == .incorrectData)
        #expect(card.image == before)
    }

    @Test("quotas and the card's memory are limits, and what is deleted is given back")
    func memory() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card, quota: 12_000)
        let ticket = try cap("ticket-1.0-jc304")
        let free = card.image.freeMemory(for: Cards.ssd)
        #expect(free.nonVolatile == 12_000)
        #expect(try host.load(cap("bulk-1.0-jc304")) == .notEnoughMemory)
        #expect(try host.load(ticket) == .success)
        #expect(card.image.freeMemory(for: Cards.ssd).nonVolatile == 12_000 - UInt64(ticket.loadFileDataBlock.count) - 160)
        #expect(try host.status(DeleteCommand.object(ticket.packageAID).apdu) == .success)
        _ = try host.status(DeleteCommand.object(cap("store-1.0-jc304").packageAID).apdu)
        #expect(card.image.freeMemory(for: Cards.ssd) == free)
        // A single application's own quota holds for its data.
        #expect(try host.load(ticket) == .success)
        let module = try #require(ticket.applets.first).aid
        #expect(try host.status(.install(InstallForInstall(
            loadFile: ticket.packageAID, module: module, application: instance,
            parameters: InstallParameters(applicationSpecific: [], system: SystemParameters(nonVolatileQuota: 40)), makeSelectable: true))) == .success)
        #expect(try host.personalize(instance, [(.unspecified, [0xC0, 30] + [UInt8](repeating: 0x41, count: 30))]) == .success)
        #expect(try host.personalize(instance, [(.unspecified, [0xC0, 50] + [UInt8](repeating: 0x41, count: 50))]) == .notEnoughMemory)
        // What INSTALL [for load] says it needs.
        let needed = InstallForLoad(loadFile: Cards.otherSSD, parameters: InstallParameters(system: SystemParameters(nonVolatileCodeMinimum: 11_900)))
        #expect(try host.status(.load(needed)) == .notEnoughMemory)
        var small = CardProfile.eSE
        small.nonVolatileMemory = 2_000
        let tight = try Cards.withDomain(Cards.make(small))
        #expect(try tight.load(ticket) == .notEnoughMemory)
    }

    @Test("an instance is installed, personalised, selected, locked, unlocked and deleted")
    func instanceLife() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let ticket = try cap("ticket-1.1-jc304")
        let module = try #require(ticket.applets.first).aid
        #expect(try host.load(ticket) == .success)
        #expect(try host.install(ticket, module: module, as: instance, parameters: [0x00, 0x05], makeSelectable: false) == .success)
        #expect(try host.install(ticket, module: module, as: instance) == .incorrectData)
        let token: [UInt8] = [0x7F, 0x41, 0x82, 0x01, 0x20] + [UInt8](repeating: 0x55, count: 288)
        let name = Array("Ada".utf8)
        // Too long; what came before the end of it is overwritten by the next.
        #expect(try host.personalize(instance, [(.berTLV, [0x7F] + [UInt8](repeating: 0, count: 512))]) == .notEnoughMemory)
        #expect(try host.personalize(instance, [(.berTLV, token), (.unspecified, [0xC0, 3] + name), (.unspecified, [0xC1, 16] + [UInt8](repeating: 9, count: 16))]) == .success)
        #expect(try host.personalize(instance, [(.unspecified, [0xC7, 1, 0])]) == .incorrectData)
        #expect(try host.personalize(instance, [(.unspecified, [0xC1, 1, 0])]) == .incorrectData)
        #expect(try host.personalize(instance, [(.unspecified, [0xC0, 9])]) == .incorrectData)
        let app = Host(card, channel: try ManageChannelCommand.channel(from: host.plain(ManageChannelCommand.open.apdu).data))
        #expect(try app.select(instance).statusWord == .applicationNotFound)
        #expect(try host.status(.makeSelectable(InstallForMakeSelectable(application: instance))) == .success)
        #expect(try host.status(DeleteCommand.object(ticket.packageAID).apdu) == .conditionsNotSatisfied)
        #expect(try app.select(instance).statusWord == .success)
        func read(_ ins: UInt8, _ offset: Int = 0) throws -> [UInt8] {
            try app.plain(CommandAPDU(cla: 0x80, ins: ins, p1: UInt8(offset >> 8), p2: UInt8(offset & 0xFF), expectedLength: 256)).data
        }
        #expect(try read(0x10) == name)
        #expect(try read(0x30) == [0x01, 0x01])
        #expect(try read(0x22) == [0x00, 0x05])
        let firstPage = try read(0x12)
        #expect(firstPage.count == 240)
        #expect(try firstPage + read(0x12, 240) == token)
        #expect(try app.plain(CommandAPDU(cla: 0x80, ins: 0x12, p1: 0x7F, p2: 0, expectedLength: 256)).statusWord == StatusWord(rawValue: 0x6B00))
        #expect(try app.plain(CommandAPDU(cla: 0x80, ins: 0x20, p1: 0, p2: 0)).statusWord == .instructionNotSupported)
        #expect(try app.plain(CommandAPDU(cla: 0x00, ins: 0x10, p1: 0, p2: 0)).statusWord == .classNotSupported)
        // Selected here, so neither there nor deleted.
        let second = Host(card, channel: try ManageChannelCommand.channel(from: host.plain(ManageChannelCommand.open.apdu).data))
        #expect(try second.select(instance).statusWord == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(instance).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(SetStatusCommand.lock(instance).apdu) == .success)
        #expect(try host.status(SetStatusCommand.lock(instance).apdu) == .conditionsNotSatisfied)
        #expect(try app.plain(CommandAPDU(cla: 0x80, ins: 0x10, p1: 0, p2: 0)).statusWord == .conditionsNotSatisfied)
        #expect(try app.select(instance).statusWord == .applicationNotFound)
        #expect(try host.status(.personalization(instance)) == .conditionsNotSatisfied)
        #expect(try host.status(SetStatusCommand.unlock(instance).apdu) == .success)
        #expect(try app.select(instance).statusWord == .success)
        #expect(try app.select(Cards.isd).statusWord == .success)
        #expect(try host.status(DeleteCommand.object(ticket.packageAID, related: true).apdu) == .success)
        #expect(try app.select(instance).statusWord == .applicationNotFound)
        #expect(try host.status(DeleteCommand.object(ticket.packageAID).apdu) == .referencedDataNotFound)
    }

    @Test("an applet that does not implement the personalisation interface takes no data; it keeps what is written to it")
    func store() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let store = try cap("store-1.0-jc304")
        #expect(try host.load(store) == .success)
        #expect(try host.install(store, module: store.applets[0].aid, as: instance) == .success)
        #expect(try host.install(store, module: store.applets[1].aid, as: Cards.aid("f054534d5377")) == .success)
        #expect(try host.status(.personalization(instance)) == .conditionsNotSatisfied)
        #expect(try host.select(instance).statusWord == .success)
        #expect(try host.plain(CommandAPDU(cla: 0, ins: 0xD0, p1: 0, p2: 4, data: [1, 2, 3])).statusWord == .success)
        #expect(try host.plain(CommandAPDU(cla: 0, ins: 0xB0, p1: 0, p2: 2, expectedLength: 6)).data == [0, 0, 1, 2, 3, 0])
        #expect(try host.plain(CommandAPDU(cla: 0, ins: 0xD0, p1: 0, p2: 0xFF, data: [1, 2, 3])).statusWord == StatusWord(rawValue: 0x6B00))
        #expect(try host.select(Cards.aid("f054534d5377")).statusWord == .success)
        #expect(try host.plain(CommandAPDU(cla: 0, ins: 0x40, p1: 0, p2: 0, expectedLength: 2)).data == [0, 1])
        #expect(try host.plain(CommandAPDU(cla: 0, ins: 0x40, p1: 0, p2: 0, expectedLength: 2)).data == [0, 2])
    }

    @Test("STORE DATA blocks out of order, and a sequence that another command breaks")
    func storeDataOrder() throws {
        let host = try Cards.withDomain(Cards.make())
        let ticket = try cap("ticket-1.0-jc304")
        #expect(try host.load(ticket) == .success)
        #expect(try host.install(ticket, module: ticket.applets[0].aid, as: instance) == .success)
        #expect(try host.status(.personalization(instance)) == .success)
        #expect(try host.status(StoreDataCommand(blockNumber: 1, structure: .berTLV, data: [0x7F]).apdu) == .incorrectP1P2)
        #expect(try host.status(.personalization(instance)) == .success)
        #expect(try host.status(StoreDataCommand(isLast: false, structure: .berTLV, data: [0x7F, 0x41]).apdu) == .success)
        #expect(try host.status(GetStatusCommand(scope: .applications).apdu) == .success)
        // Without its INSTALL the block goes to the domain itself, which does not begin with block 1.
        #expect(try host.status(StoreDataCommand(blockNumber: 1, structure: .berTLV, data: [0x01]).apdu) == .incorrectP1P2)
        #expect(try host.status(StoreDataCommand(structure: .berTLV, data: [0xC0, 0x01, 0x41]).apdu) == .referencedDataNotFound)
        #expect(try host.status(StoreDataCommand(structure: .unspecified, data: [0xC0, 0x01, 0x41]).apdu) == .incorrectP1P2)
        #expect(try host.status(.personalization(Cards.otherSSD)) == .referencedDataNotFound)
        #expect(try host.status(.personalization(Cards.ssd)) == .conditionsNotSatisfied)
    }

    @Test("the issuer deletes a domain with all it holds, but not without being told so")
    func deleteDomain() throws {
        let card = try Cards.make()
        let empty = card.image
        let host = try Cards.withDomain(card)
        let ticket = try cap("ticket-1.0-jc304")
        #expect(try host.load(ticket) == .success)
        #expect(try host.install(ticket, module: ticket.applets[0].aid, as: instance) == .success)
        let issuer = try Cards.issuer(card)
        #expect(try issuer.status(DeleteCommand.object(Cards.ssd).apdu) == .conditionsNotSatisfied)
        #expect(try issuer.status(DeleteCommand.object(Cards.isd).apdu) == .conditionsNotSatisfied)
        #expect(try issuer.status(DeleteCommand.object(.securityDomainPackage).apdu) == .conditionsNotSatisfied)
        #expect(try issuer.status(DeleteCommand.object(Cards.ssd, related: true).apdu) == .success)
        #expect(card.image.registry == empty.registry)
        #expect(card.image.freeMemory(for: Cards.isd) == empty.freeMemory(for: Cards.isd))
        #expect(try issuer.status(DeleteCommand.object(Cards.ssd, related: true).apdu) == .referencedDataNotFound)
        #expect(try issuer.status(CommandAPDU(cla: 0x80, ins: 0xE4, p1: 0, p2: 1, data: [0x4F, 0x00])) == .incorrectP1P2)
        #expect(try issuer.status(CommandAPDU(cla: 0x80, ins: 0xE4, p1: 0, p2: 0, data: [0x4F, 0x00])) == .incorrectData)
    }
}
