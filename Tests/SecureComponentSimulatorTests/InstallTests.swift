import GlobalPlatform
import SecureComponentSimulator
import Testing

@Suite("INSTALL")
struct InstallTests {
    let none = SecurityDomainParameters(secureChannels: [])

    @Test("a security domain appears, installed or selectable")
    func domain() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        var install = InstallForInstall(securityDomain: Cards.ssd, parameters: none)
        install.makeSelectable = false
        #expect(try host.status(.install(install)) == .success)
        #expect(try host.registry(.applications, prefix: Cards.ssd.bytes).first?.lifeCycleState == 0x03)
        let other = Host(card, channel: try ManageChannelCommand.channel(from: host.plain(ManageChannelCommand.open.apdu).data))
        #expect(try other.select(Cards.ssd).statusWord == .applicationNotFound)
        #expect(try host.status(.makeSelectable(InstallForMakeSelectable(application: Cards.ssd))) == .success)
        #expect(try host.status(.makeSelectable(InstallForMakeSelectable(application: Cards.ssd))) == .conditionsNotSatisfied)
        #expect(try other.select(Cards.ssd).statusWord == .success)
        #expect(try host.status(.makeSelectable(InstallForMakeSelectable(application: Cards.otherSSD))) == .referencedDataNotFound)
    }

    @Test("what INSTALL [for install] must not name")
    func wrongInstall() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        #expect(try Cards.createDomain(host) == .success)
        let before = card.image
        func status(_ change: (inout InstallForInstall) -> Void) throws -> StatusWord {
            var install = InstallForInstall(securityDomain: Cards.otherSSD, parameters: none)
            change(&install)
            return try host.status(.install(install))
        }
        #expect(try status { $0.application = Cards.ssd } == .incorrectData)
        #expect(try status { $0.application = .securityDomainPackage } == .incorrectData)
        #expect(try status { $0.loadFile = Cards.otherSSD } == .referencedDataNotFound)
        #expect(try status { $0.module = Cards.otherSSD } == .referencedDataNotFound)
        #expect(try status { $0.token = [1, 2, 3] } == .incorrectData)
        #expect(try status { $0.privileges = [] } == .incorrectData)
        #expect(try status { $0.privileges = [.securityDomain, .delegatedManagement] } == .incorrectData)
        #expect(try status { $0.privileges = [.securityDomain, .authorizedManagement, .delegatedManagement] } == .incorrectData)
        #expect(try status { $0.privileges = [.securityDomain, .mandatedDAPVerification] } == .incorrectData)
        #expect(try status { $0.parameters.applicationSpecific = [0x81, 0x02, 0x03, 0x60] } == .incorrectData)
        #expect(try status { $0.parameters.applicationSpecific = [0x81, 0x02, 0x02, 0x15] } == .incorrectData)
        #expect(try status { $0.parameters.applicationSpecific = [0x81, 0x05] } == .incorrectData)
        #expect(try status { $0.parameters.system.nonVolatileReserved = 5_000_000 } == .notEnoughMemory)
        // C9 missing, a field cut short, a wrong P1, a wrong P2.
        var command = try InstallCommand.install(InstallForInstall(securityDomain: Cards.otherSSD, parameters: none)).apdu()
        command.data = Array(command.data.dropLast(4)) + [0x00, 0x00]
        #expect(try host.status(command) == .incorrectData)
        command.data.removeLast(5)
        #expect(try host.status(command) == .incorrectData)
        command.p1 = 0x0E
        #expect(try host.status(command) == .incorrectP1P2)
        command.p1 = 0x0C
        command.p2 = 0x01
        #expect(try host.status(command) == .incorrectP1P2)
        #expect(card.image.registry == before.registry)
    }

    @Test("without Authorized Management a domain manages no content; without Trusted Path it forwards nothing")
    func privileges() throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        #expect(try Cards.createDomain(issuer, privileges: [.securityDomain]) == .success)
        #expect(try Cards.storeFirstKeys(issuer, Cards.keys(0x22)) == .success)
        let host = Host(card)
        try host.select(Cards.ssd)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try Cards.createDomain(host, Cards.otherSSD, privileges: [.securityDomain]) == .conditionsNotSatisfied)
        #expect(try host.status(.load(InstallForLoad(loadFile: Cards.otherSSD))) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(.accessRuleApplicationMaster).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(.personalization(.accessRuleApplicationMaster)) == .conditionsNotSatisfied)
        #expect(try host.status(.extradition(InstallForExtradition(newSecurityDomain: Cards.ssd, object: .accessRuleApplicationMaster))) == .conditionsNotSatisfied)
        #expect(try host.status(.registryUpdate(InstallForRegistryUpdate(application: .accessRuleApplicationMaster))) == .conditionsNotSatisfied)
    }

    @Test("a domain cannot give what it does not have, nor reach beyond what hangs below it")
    func hierarchy() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        #expect(try Cards.createDomain(host, Cards.otherSSD, privileges: [.securityDomain, .globalDelete]) == .conditionsNotSatisfied)
        #expect(try Cards.createDomain(host, Cards.otherSSD) == .success)
        #expect(card.image.registry.first { $0.aid == Cards.otherSSD }?.securityDomain == Cards.ssd)
        #expect(try host.status(.personalization(.accessRuleApplicationMaster)) == .conditionsNotSatisfied)
        #expect(try host.status(.load(InstallForLoad(loadFile: Cards.aid("f054534d5377"), securityDomain: Cards.isd))) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(.accessRuleApplicationMaster).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(.securityDomainPackage).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(.extradition(InstallForExtradition(newSecurityDomain: Cards.ssd, object: .accessRuleApplicationMaster))) == .conditionsNotSatisfied)
        #expect(try host.status(.extradition(InstallForExtradition(newSecurityDomain: Cards.isd, object: Cards.otherSSD))) == .conditionsNotSatisfied)
    }

    @Test("extradition moves what is moved, within the hierarchy, not below itself")
    func extradition() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        #expect(try Cards.createDomain(host) == .success)
        #expect(try Cards.createDomain(host, Cards.otherSSD) == .success)
        func move(_ object: AID, to domain: AID) throws -> StatusWord {
            try host.status(.extradition(InstallForExtradition(newSecurityDomain: domain, object: object)))
        }
        #expect(try move(Cards.otherSSD, to: Cards.ssd) == .success)
        #expect(card.image.registry.first { $0.aid == Cards.otherSSD }?.securityDomain == Cards.ssd)
        #expect(try move(Cards.ssd, to: Cards.otherSSD) == .conditionsNotSatisfied)
        #expect(try move(Cards.isd, to: Cards.otherSSD) == .conditionsNotSatisfied)
        #expect(try move(.securityDomainPackage, to: Cards.ssd) == .conditionsNotSatisfied)
        #expect(try move(Cards.aid("f0000000000001"), to: Cards.ssd) == .referencedDataNotFound)
        #expect(try move(Cards.otherSSD, to: .accessRuleApplicationMaster) == .referencedDataNotFound)
        #expect(try move(Cards.otherSSD, to: Cards.isd) == .success)
    }

    @Test("registry update changes privileges and quotas")
    func registryUpdate() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        #expect(try Cards.createDomain(host) == .success)
        let more: Privileges = [.securityDomain, .trustedPath]
        #expect(try host.status(.registryUpdate(InstallForRegistryUpdate(application: Cards.ssd, privileges: more))) == .success)
        #expect(card.image.registry.first { $0.aid == Cards.ssd }?.privileges == more)
        #expect(try host.status(.registryUpdate(InstallForRegistryUpdate(application: Cards.ssd, privileges: [.cardLock]))) == .incorrectData)
        #expect(try host.status(.registryUpdate(InstallForRegistryUpdate(application: Cards.isd))) == .conditionsNotSatisfied)
        #expect(try host.status(.registryUpdate(InstallForRegistryUpdate(application: Cards.otherSSD))) == .referencedDataNotFound)
    }
}
