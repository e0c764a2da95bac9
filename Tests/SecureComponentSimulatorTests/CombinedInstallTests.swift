import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("INSTALL [for load, install and make selectable]")
struct CombinedInstallTests {
    private let instance = Cards.aid("f054534d5301010101")

    private func ticket() throws -> CAPFile { try CAPFile(Applets.archive("ticket-1.0-jc304")) }

    private func begin(_ cap: CAPFile) -> InstallCommand {
        .beginCombined(InstallForLoad(loadFile: cap.packageAID, loadFileDataBlockHash: cap.loadFileDataBlockHash))
    }

    private func end(_ cap: CAPFile, loadFile: AID? = nil, module: AID? = nil) throws -> InstallCommand {
        .endCombined(InstallForInstall(
            loadFile: loadFile ?? cap.packageAID, module: try module ?? #require(cap.applets.first).aid, application: instance,
            parameters: InstallParameters(applicationSpecific: []), makeSelectable: true))
    }

    private func blocks(_ cap: CAPFile, _ host: Host) throws -> [LoadCommand] { try cap.loadFile.commands(maximumPayload: host.maximumPayload) }

    @Test("load file and instance appear together, at its end")
    func together() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let cap = try ticket()
        let before = card.image
        #expect(try host.status(begin(cap)) == .success)
        for block in try blocks(cap, host) { #expect(try host.status(block.apdu) == .success) }
        #expect(card.image == before)
        #expect(try host.status(end(cap)) == .success)
        #expect(card.entry(cap.packageAID)?.securityDomain == Cards.ssd)
        #expect(card.entry(instance)?.applicationState == .selectable)
    }

    @Test("an end without its beginning, too early, twice, of another load file or module, or after something else: 6985 or 6A88, and nothing stays")
    func order() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let cap = try ticket()
        let before = card.image
        let blocks = try blocks(cap, host)
        func load(_ count: Int? = nil) throws {
            #expect(try host.status(begin(cap)) == .success)
            for block in blocks.prefix(count ?? blocks.count) { #expect(try host.status(block.apdu) == .success) }
        }
        #expect(try host.status(end(cap)) == .conditionsNotSatisfied)
        try load(2)
        #expect(try host.status(end(cap)) == .conditionsNotSatisfied)
        #expect(try host.status(blocks[2].apdu) == .conditionsNotSatisfied)
        try load()
        #expect(try host.status(blocks[0].apdu) == .conditionsNotSatisfied)
        #expect(try host.status(end(cap)) == .conditionsNotSatisfied)
        try load()
        #expect(try host.status(end(cap, loadFile: .securityDomainPackage, module: .securityDomainModule)) == .conditionsNotSatisfied)
        try load()
        #expect(try host.status(end(cap, module: Cards.otherSSD)) == .referencedDataNotFound)
        try load()
        #expect(try host.status(GetStatusCommand(scope: .applications).apdu) == .success)
        #expect(try host.status(end(cap)) == .conditionsNotSatisfied)
        try load()
        card.reset()
        let again = try Cards.session(card, Cards.ssd)
        #expect(try again.status(end(cap)) == .conditionsNotSatisfied)
        // An ordinary load does not end so, and a combined one is not left in the registry without its instance.
        #expect(try again.load(cap) == .success)
        #expect(try again.status(end(cap)) == .conditionsNotSatisfied)
        #expect(try again.status(DeleteCommand.object(cap.packageAID).apdu) == .success)
        #expect(card.image.registry == before.registry)
    }

    @Test("delegated, the token comes with the end")
    func delegated() throws {
        let signer = try Signer(.p256)
        let card = try Cards.make(Cards.managed)
        let issuer = try Cards.issuer(card)
        #expect(try issuer.status(signer.putKey(version: ManagementKeyVersion.token, under: Cards.isdKeys())) == .success)
        #expect(try issuer.status(Cards.putSecret(Cards.receiptKey, version: ManagementKeyVersion.receipt, under: Cards.isdKeys())) == .success)
        let host = try Cards.domain(card, [.securityDomain, .trustedPath, .delegatedManagement])
        let cap = try ticket()
        func load() throws {
            #expect(try host.status(begin(cap)) == .success)
            for block in try blocks(cap, host) { #expect(try host.status(block.apdu) == .success) }
        }
        try load()
        let before = card.image
        #expect(try host.status(end(cap)) == .securityStatusNotSatisfied)
        #expect(card.image == before)
        try load()
        let response = try host.send(signer.withToken(end(cap)))
        #expect(response.statusWord == .success)
        let receipt = ManagementReceipt.install(loadFile: cap.packageAID, application: instance)
        #expect(try receipt.isConfirmed(by: ManagementConfirmation(parsing: response.data), key: Cards.receiptKey))
        // A domain without any right does not even begin.
        let plain = try Cards.domain(card, Cards.otherSSD, [.securityDomain], seed: 0x44)
        #expect(try plain.status(begin(cap)) == .conditionsNotSatisfied)
    }
}
