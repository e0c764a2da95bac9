import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

/// The whole life of a service on a card, as issuer and service provider live it one after the other.
@Suite("Life of a security domain")
struct LifeOfSecurityDomainTests {
    @Test("create, first keys, rotate, load, install, personalise, select, delete: the card is as before", arguments: CardProfile.builtIn)
    func life(_ profile: CardProfile) throws {
        let card = try Cards.make(profile)
        let before = card.image
        let ticket = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        let store = try CAPFile(Applets.archive("store-1.0-jc304"))
        let instance = Cards.aid("f054534d5301010101")
        let final = try Cards.keys(0x44)
        let any = AccessRuleCommand.store(AccessRule(
            target: .application(Cards.ssd), deviceApplication: .hash([UInt8](repeating: 0xAB, count: 32)), apdu: .always, nfcEvents: nil)).storeData

        var issuer = try Cards.issuer(card)
        #expect(try Cards.createDomain(issuer) == .success)
        if profile.firstKeys == .storeData {
            #expect(try Cards.storeFirstKeys(issuer, Cards.keys(0x22)) == .success)
        } else {
            let domain = Host(card)
            try domain.select(Cards.ssd)
            #expect(try domain.open(Cards.isdKeys(profile), version: 0x30) == .success)
            #expect(try domain.status(Cards.putKey(Cards.keys(0x22), version: 0x30, under: Cards.isdKeys(profile))) == .success)
            issuer = try Cards.issuer(card)
        }
        #expect(try issuer.status(.personalization(.accessRuleApplicationMaster)) == .success)
        #expect(try issuer.status(any.apdu) == .success)

        let provider = Host(card)
        try provider.select(Cards.ssd)
        #expect(try provider.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try provider.status(Cards.putKey(final, version: 0x31, replacing: 0x30, under: Cards.keys(0x22))) == .success)
        #expect(try provider.open(final, version: 0x31) == .success)
        #expect(try provider.load(ticket) == .success)
        #expect(try provider.load(store) == .success)
        #expect(try provider.install(ticket, module: ticket.applets[0].aid, as: instance, makeSelectable: false) == .success)
        #expect(try provider.personalize(instance, [(.unspecified, [0xC0, 1, 0x41])]) == .success)
        #expect(try provider.status(.makeSelectable(InstallForMakeSelectable(application: instance))) == .success)
        #expect(try provider.registry(.applications, prefix: instance.bytes).first?.applicationState == .selectable)

        let app = Host(card)
        #expect(try app.select(instance).statusWord == .success)
        #expect(try app.plain(CommandAPDU(cla: 0x80, ins: 0x10, p1: 0, p2: 0, expectedLength: 256)).data == [0x41])

        try provider.select(Cards.ssd)
        #expect(try provider.open(final, version: 0x31) == .success)
        #expect(try provider.status(DeleteCommand.object(instance).apdu) == .success)
        #expect(try provider.status(DeleteCommand.object(ticket.packageAID, related: true).apdu) == .success)
        #expect(try provider.status(DeleteCommand.object(store.packageAID, related: true).apdu) == .success)

        let end = try Cards.issuer(card)
        #expect(try end.status(.personalization(.accessRuleApplicationMaster)) == .success)
        #expect(try end.status(AccessRuleCommand.deleteTarget(.application(Cards.ssd)).storeData.apdu) == .success)
        #expect(try end.status(DeleteCommand.object(Cards.ssd, related: true).apdu) == .success)
        #expect(card.image.registry == before.registry)
        #expect(card.image.freeMemory(for: Cards.isd) == before.freeMemory(for: Cards.isd))
        #expect(card.image.accessRules == before.accessRules)
    }
}
