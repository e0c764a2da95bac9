import GlobalPlatform
import SecureComponentSimulator
import Testing

@Suite("GET STATUS and SET STATUS")
struct StatusTests {
    @Test("the registry as the issuer sees it")
    func registry() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let issuer = try host.registry(.issuerSecurityDomain)
        #expect(issuer.map(\.aid) == [Cards.isd])
        #expect(issuer.first?.cardState == .secured)
        #expect(try host.registry(.applications).map(\.aid) == [.accessRuleApplicationMaster])
        #expect(Set(try host.registry(.loadFiles).map(\.aid)).contains(.securityDomainPackage))
        let modules = try host.registry(.loadFilesAndModules, prefix: AID.securityDomainPackage.bytes)
        #expect(modules.first?.modules == [.securityDomainModule])
        #expect(try host.status(GetStatusCommand(scope: .applications, aid: Cards.ssd).apdu) == .referencedDataNotFound)
    }

    @Test("long lists come in pages, and a page without the one before it is refused")
    func paging() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let aids = (0..<20).map { Cards.aid("f054534d53aa" + Hex.encode([UInt8($0)])) }
        for aid in aids { #expect(try Cards.createDomain(host, aid) == .success) }
        let request = GetStatusCommand(scope: .applications, aidPrefix: Array(aids[0].bytes.prefix(6)))
        #expect(try host.status(request.nextPage.apdu) == .conditionsNotSatisfied)
        #expect(try host.status(request.apdu) == .moreDataAvailable)
        #expect(try host.registry(.applications, prefix: request.aidPrefix).map(\.aid) == aids)
        #expect(try host.status(request.nextPage.apdu) == .conditionsNotSatisfied)
        let one = try GetStatusPage(parsing: host.send(GetStatusCommand(scope: .applications, aid: aids[3]).apdu))
        #expect(one.entries.map(\.aid) == [aids[3]])
        #expect(one.entries.first?.privileges == .serviceProviderSecurityDomain)
        #expect(one.entries.first?.securityDomain == Cards.isd)
        #expect(one.entries.first?.loadFile == .securityDomainPackage)
        let short = try host.send(GetStatusCommand(scope: .applications, aidPrefix: aids[3].bytes, tagList: [0x9F70]).apdu)
        #expect(try GetStatusPage(parsing: short).entries == [RegistryEntry(aid: aids[3], lifeCycleState: 0x07)])
    }

    @Test("the old response form: fields without tags, pages as well, no tag list")
    func oldForm() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        #expect(try Cards.createDomain(host) == .success)
        let one = try host.send(GetStatusCommand(scope: .applications, aidPrefix: Cards.ssd.bytes, oldForm: true).apdu)
        #expect(one.data == [UInt8(Cards.ssd.bytes.count)] + Cards.ssd.bytes + [0x07, 0x80])
        let issuer = try host.send(GetStatusCommand(scope: .issuerSecurityDomain, oldForm: true).apdu)
        #expect(Array(issuer.data.prefix(10)) == [8] + Cards.isd.bytes + [0x0F])
        let modules = try host.send(GetStatusCommand(scope: .loadFilesAndModules, aidPrefix: AID.securityDomainPackage.bytes, oldForm: true).apdu)
        let package = AID.securityDomainPackage.bytes, module = AID.securityDomainModule.bytes
        #expect(modules.data == [UInt8(package.count)] + package + [0x01, 0x00, 0x01, UInt8(module.count)] + module)
        for number in 0..<30 { #expect(try Cards.createDomain(host, Cards.aid("f054534d53aa" + Hex.encode([UInt8(number)]))) == .success) }
        var search = GetStatusCommand(scope: .applications, aidPrefix: Array(Cards.ssd.bytes.prefix(5)), oldForm: true)
        let page = try host.send(search.apdu)
        #expect(page.statusWord == .moreDataAvailable)
        // The rest of one form is not the other's.
        search.oldForm = false
        #expect(try host.status(search.nextPage.apdu) == .conditionsNotSatisfied)
        search.oldForm = true
        let rest = try host.send(search.nextPage.apdu)
        #expect(rest.statusWord == .success)
        #expect((page.data + rest.data).count == 30 * 10 + 9)
        #expect(try host.status(CommandAPDU(cla: 0x80, ins: 0xF2, p1: 0x40, p2: 0x00, data: [0x4F, 0x00, 0x5C, 0x01, 0x4F], expectedLength: 256)) == .incorrectData)
    }

    @Test("further search criteria and lists of tags")
    func criteria() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        #expect(try Cards.createDomain(host, Cards.otherSSD, privileges: [.securityDomain]) == .success)
        func found(_ criteria: [TLV], _ prefix: [UInt8] = []) throws -> [AID] {
            try GetStatusPage(parsing: host.send(GetStatusCommand(scope: .applications, aidPrefix: prefix, criteria: criteria).apdu)).entries.map(\.aid)
        }
        #expect(try found([]) == [Cards.ssd, Cards.otherSSD])
        #expect(try found([TLV(0x9F70, [0x07])]) == [Cards.otherSSD])
        #expect(try found([TLV(0x9F70, [0x0F])]) == [Cards.ssd])
        #expect(try found([TLV(0xC5, Privileges.trustedPath.bytes)]) == [Cards.ssd])
        #expect(try found([TLV(0xCC, Cards.ssd.bytes), TLV(0xC4, AID.securityDomainPackage.bytes)]) == [Cards.otherSSD])
        #expect(try found([TLV(0x9F70, [0x07])], Cards.ssd.bytes).isEmpty)
        #expect(try host.status(GetStatusCommand(scope: .applications, criteria: [TLV(0x99, [0x01])]).apdu) == .incorrectData)
        let listed = try host.send(GetStatusCommand(scope: .applications, aidPrefix: Cards.otherSSD.bytes, tagList: [0xC5, 0xCC]).apdu)
        #expect(try GetStatusPage(parsing: listed).entries == [RegistryEntry(aid: Cards.otherSSD, privileges: .securityDomain, securityDomain: Cards.ssd)])
    }

    @Test("a supplementary domain sees itself and what is its own")
    func scope() throws {
        let host = try Cards.withDomain(Cards.make())
        #expect(try host.status(GetStatusCommand(scope: .issuerSecurityDomain).apdu) == .incorrectP1P2)
        #expect(try host.registry(.applications).map(\.aid) == [Cards.ssd])
        #expect(try host.status(GetStatusCommand(scope: .loadFiles).apdu) == .referencedDataNotFound)
        #expect(try host.status(CommandAPDU(cla: 0x80, ins: 0xF2, p1: 0x40, p2: 0x04, data: [0x4F, 0x00], expectedLength: 256)) == .incorrectP1P2)
        #expect(try host.status(CommandAPDU(cla: 0x80, ins: 0xF2, p1: 0xC0, p2: 0x02, data: [0x4F, 0x00], expectedLength: 256)) == .incorrectP1P2)
        #expect(try host.status(CommandAPDU(cla: 0x80, ins: 0xF2, p1: 0x40, p2: 0x02, data: [0x5C, 0x00], expectedLength: 256)) == .incorrectData)
    }

    @Test("the issuer locks and unlocks a domain; a locked one cannot be selected, and a transition to the present state is refused")
    func lockDomain() throws {
        let card = try Cards.make()
        let domain = try Cards.withDomain(card)
        #expect(try domain.status(SetStatusCommand.lock(Cards.ssd).apdu) == .conditionsNotSatisfied)
        let host = try Cards.issuer(card)
        #expect(try host.status(SetStatusCommand.unlock(Cards.ssd).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(SetStatusCommand.lock(Cards.ssd).apdu) == .success)
        #expect(try host.status(SetStatusCommand.lock(Cards.ssd).apdu) == .conditionsNotSatisfied)
        #expect(try host.registry(.applications, prefix: Cards.ssd.bytes).first?.lifeCycleState == 0x8F)
        #expect(try Host(card).select(Cards.ssd).statusWord == .applicationNotFound)
        let again = try Cards.issuer(card)
        #expect(try again.status(SetStatusCommand.unlock(Cards.ssd).apdu) == .success)
        #expect(try Host(card).select(Cards.ssd).statusWord == .success)
    }

    @Test("a domain that is locked while it is selected answers nothing any more")
    func lockSelected() throws {
        let card = try Cards.make()
        let domain = try Cards.withDomain(card)
        let number = try ManageChannelCommand.channel(from: card.transmit(ManageChannelCommand.open.apdu).data)
        let host = Host(card, channel: number)
        try host.select(Cards.isd)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
        #expect(try host.status(SetStatusCommand.lock(Cards.ssd).apdu) == .success)
        #expect(try card.transmit(domain.wrap(GetStatusCommand(scope: .applications).apdu)).statusWord == .conditionsNotSatisfied)
    }

    @Test("SET STATUS of the card: locked, unlocked, terminated")
    func cardStates() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        #expect(try host.status(SetStatusCommand.card(.secured).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(SetStatusCommand.card(.initialized).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(CommandAPDU(cla: 0x80, ins: 0xF0, p1: 0x80, p2: 0x33)) == .incorrectP1P2)
        #expect(try host.status(SetStatusCommand.card(.cardLocked).apdu) == .success)
        #expect(try Cards.createDomain(host) == .conditionsNotSatisfied)
        #expect(try host.select(.accessRuleApplicationMaster).statusWord == .functionNotSupported)
        #expect(try host.select(Cards.otherSSD).statusWord == .applicationNotFound)
        #expect(try host.select(Cards.isd).statusWord == .selectedLocked)
        #expect(try host.plain(ManageChannelCommand.open.apdu).statusWord == .functionNotSupported)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
        #expect(try host.status(SetStatusCommand.card(.secured).apdu) == .success)
        #expect(try host.status(SetStatusCommand.card(.terminated).apdu) == .success)
        #expect(try host.plain(SelectCommand(aid: Cards.isd).apdu).statusWord == .conditionsNotSatisfied)
        card.reset()
        #expect(try host.plain(GetDataCommand.cardImageNumber.apdu).statusWord == .success)
        #expect(try host.plain(SCP03HostSession.initializeUpdate(kvn: 0, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8])).statusWord == .conditionsNotSatisfied)
    }

    @Test("a supplementary domain may not touch the card's state, nor what is not its own")
    func foreign() throws {
        let host = try Cards.withDomain(Cards.make())
        #expect(try host.status(SetStatusCommand.card(.cardLocked).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(SetStatusCommand.lock(.accessRuleApplicationMaster).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(SetStatusCommand.lock(Cards.otherSSD).apdu) == .referencedDataNotFound)
        #expect(try host.status(SetStatusCommand.lock(Cards.isd).apdu) == .conditionsNotSatisfied)
        // It became PERSONALIZED with its first keys.
        #expect(try host.status(SetStatusCommand.personalized(Cards.ssd).apdu) == .conditionsNotSatisfied)
    }

    @Test("where the profile leaves it to SET STATUS, a domain says itself that it is personalised")
    func personalized() throws {
        var profile = CardProfile.eSE
        profile.personalizesSecurityDomains = false
        let host = try Cards.withDomain(Cards.make(profile))
        #expect(try host.registry(.applications).first?.securityDomainState == .selectable)
        #expect(try host.status(SetStatusCommand.personalized(Cards.ssd).apdu) == .success)
        #expect(try host.registry(.applications).first?.securityDomainState == .personalized)
        let issuer = try Cards.issuer(host.card)
        #expect(try Cards.createDomain(issuer, Cards.otherSSD) == .success)
        #expect(try issuer.status(SetStatusCommand.personalized(Cards.otherSSD).apdu) == .conditionsNotSatisfied)
    }

    @Test("a domain with its applications is locked and unlocked at once")
    func together() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        #expect(try Cards.createDomain(host) == .success)
        #expect(try Cards.createDomain(host, Cards.otherSSD) == .success)
        #expect(try host.status(.extradition(InstallForExtradition(newSecurityDomain: Cards.ssd, object: Cards.otherSSD))) == .success)
        #expect(try host.status(SetStatusCommand(scope: .securityDomainAndApplications, stateControl: 0x80, aid: Cards.ssd).apdu) == .success)
        #expect(try host.registry(.applications, prefix: Cards.otherSSD.bytes).first?.lifeCycleState == 0x87)
        #expect(try host.status(SetStatusCommand(scope: .securityDomainAndApplications, stateControl: 0x00, aid: Cards.ssd).apdu) == .success)
        #expect(try host.registry(.applications, prefix: Cards.otherSSD.bytes).first?.lifeCycleState == 0x07)
        #expect(try host.status(SetStatusCommand(scope: .securityDomainAndApplications, stateControl: 0x80, aid: .accessRuleApplicationMaster).apdu) == .incorrectData)
    }
}
