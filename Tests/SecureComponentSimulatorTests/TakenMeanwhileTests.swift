import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("two logical channels, and an AID that is taken between a load's beginning and its end")
struct TakenMeanwhileTests {
    private let instance = Cards.aid("f054534d5301010101")

    private func ticket() throws -> CAPFile { try CAPFile(Applets.archive("ticket-1.0-jc304")) }

    /// Hosts in sessions with two domains, each on a channel of its own.
    private func hosts(_ card: SimulatedCard) throws -> (first: Host, second: Host) {
        let second = try Cards.domain(card, Cards.otherSSD, .serviceProviderSecurityDomain)
        let channel = try ManageChannelCommand.channel(from: second.plain(ManageChannelCommand.open.apdu).data)
        _ = try Cards.withDomain(card)
        return (try Cards.session(card, Cards.ssd, channel: channel), try Cards.session(card, Cards.otherSSD, seed: 0x33))
    }

    private func begin(_ cap: CAPFile, _ host: Host) throws -> [LoadCommand] {
        #expect(try host.status(.load(InstallForLoad(loadFile: cap.packageAID, loadFileDataBlockHash: cap.loadFileDataBlockHash))) == .success)
        return try cap.loadFile.commands(maximumPayload: host.maximumPayload)
    }

    @Test("both begin to load the same file: who ends first has it, the other is refused with 6A80 and leaves nothing")
    func sameLoadFile() throws {
        let card = try Cards.make()
        let cap = try ticket()
        let (first, second) = try hosts(card)
        let (blocks, others) = (try begin(cap, first), try begin(cap, second))
        #expect(blocks.count > 1)
        for block in blocks.dropLast() { #expect(try first.status(block.apdu) == .success) }
        for block in others { #expect(try second.status(block.apdu) == .success) }
        let loaded = card.image.registry
        #expect(try first.status(try #require(blocks.last).apdu) == .incorrectData)
        #expect(card.image.registry == loaded)
        #expect(card.entry(cap.packageAID)?.securityDomain == Cards.otherSSD)
        // The load is over: its last block may not come again.
        #expect(try first.status(try #require(blocks.last).apdu) == .conditionsNotSatisfied)
    }

    @Test("an application with the load file's AID appears while it is loaded: 6A80")
    func applicationOfThatName() throws {
        let card = try Cards.make()
        let cap = try ticket()
        let (first, second) = try hosts(card)
        let blocks = try begin(cap, first)
        for block in blocks.dropLast() { #expect(try first.status(block.apdu) == .success) }
        #expect(try Cards.createDomain(second, cap.packageAID) == .success)
        let before = card.image.registry
        #expect(try first.status(try #require(blocks.last).apdu) == .incorrectData)
        #expect(card.image.registry == before)
    }

    @Test("the AID of a combined process is taken between its last LOAD and its end: 6A80, neither file nor instance stays")
    func combined() throws {
        let card = try Cards.make()
        let cap = try ticket()
        let (first, second) = try hosts(card)
        #expect(try first.status(.beginCombined(InstallForLoad(loadFile: cap.packageAID, loadFileDataBlockHash: cap.loadFileDataBlockHash))) == .success)
        for block in try cap.loadFile.commands(maximumPayload: first.maximumPayload) { #expect(try first.status(block.apdu) == .success) }
        #expect(try second.load(cap) == .success)
        let before = card.image.registry
        let end = InstallCommand.endCombined(InstallForInstall(
            loadFile: cap.packageAID, module: try #require(cap.applets.first).aid, application: instance, parameters: InstallParameters(applicationSpecific: []), makeSelectable: true))
        #expect(try first.status(end) == .incorrectData)
        #expect(card.image.registry == before && card.entry(instance) == nil)
    }
}
