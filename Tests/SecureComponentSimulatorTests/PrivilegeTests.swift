import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("Privileges")
struct PrivilegeTests {
    private let instance = Cards.aid("f054534d5301010101")
    private let inner = Cards.aid("f054534d530701")

    private func create(_ host: Host, _ aid: AID, _ privileges: Privileges) throws -> StatusWord {
        try Cards.createDomain(host, aid, privileges: privileges)
    }

    /// An applet instance; its load file must be there.
    private func install(_ host: Host, _ cap: CAPFile, _ privileges: Privileges, system: SystemParameters = SystemParameters(), as aid: AID? = nil) throws -> StatusWord {
        try host.status(.install(InstallForInstall(
            loadFile: cap.packageAID, module: try #require(cap.applets.first).aid, application: aid ?? instance, privileges: privileges,
            parameters: InstallParameters(applicationSpecific: [], system: system), makeSelectable: true)))
    }

    @Test("each single privilege: who gives it to a domain, and to an application", arguments: Privileges.named.map(\.privilege))
    func each(_ privilege: Privileges) throws {
        let card = try Cards.make(Cards.managed)
        let issuer = try Cards.issuer(card)
        let cap = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        #expect(try issuer.load(cap) == .success)
        let domainsOnly: Privileges = [
            .dapVerification, .delegatedManagement, .mandatedDAPVerification, .trustedPath, .authorizedManagement, .tokenVerification, .receiptGeneration,
            .cipheredLoadFileDataBlock,
        ]
        // The issuer gives what exists, in a combination that makes sense.
        let needsMore = privilege == .mandatedDAPVerification
        #expect(try create(issuer, Cards.ssd, [.securityDomain, privilege]) == (needsMore ? .incorrectData : .success), "\(privilege)")
        if needsMore { #expect(try create(issuer, Cards.ssd, [.securityDomain, .dapVerification, privilege]) == .success) }
        let single: [Privileges] = [.cardReset, .finalApplication]
        let toApplication: StatusWord = if privilege == .securityDomain || domainsOnly.contains(privilege) {
            .incorrectData
        } else {
            single.contains(privilege) ? .conditionsNotSatisfied : .success
        }
        #expect(try install(issuer, cap, privilege) == toApplication, "\(privilege)")
        // A domain that manages its own content gives no power over the card.
        let host = try Cards.domain(card, Cards.otherSSD, .serviceProviderSecurityDomain, seed: 0x44)
        let powers: Privileges = [
            .cardLock, .cardTerminate, .cardReset, .mandatedDAPVerification, .tokenVerification, .globalDelete, .globalLock, .globalRegistry, .finalApplication,
            .receiptGeneration,
        ]
        let before = card.image.registry
        let asked: Privileges = needsMore ? [.securityDomain, .dapVerification, privilege] : [.securityDomain, privilege]
        let expected: StatusWord = powers.contains(privilege) ? .conditionsNotSatisfied : .success
        #expect(try create(host, inner, asked) == expected, "\(privilege)")
        if expected != .success { #expect(card.image.registry == before) }
    }

    @Test("combinations that are none: 6A80, and nothing is there afterwards", arguments: [
        [.authorizedManagement, .delegatedManagement], [.mandatedDAPVerification], [Privileges(rawValue: 0x000001)], [Privileges(rawValue: 0x000004), .trustedPath],
    ] as [Privileges])
    func illegal(_ privileges: Privileges) throws {
        let card = try Cards.make(Cards.managed)
        let issuer = try Cards.issuer(card)
        let before = card.image
        #expect(try create(issuer, Cards.ssd, privileges.union(.securityDomain)) == .incorrectData)
        #expect(card.image.registry == before.registry)
        // Likewise by registry update.
        #expect(try create(issuer, Cards.ssd, [.securityDomain]) == .success)
        let update = InstallForRegistryUpdate(application: Cards.ssd, privileges: privileges.union(.securityDomain))
        #expect(try issuer.status(.registryUpdate(update)) == .incorrectData)
        #expect(card.entry(Cards.ssd)?.privileges == [.securityDomain])
    }

    @Test("what the profile does not give is 6A80")
    func notGrantable() throws {
        let issuer = try Cards.issuer(Cards.make())
        #expect(try create(issuer, Cards.ssd, [.securityDomain, .delegatedManagement]) == .incorrectData)
        #expect(try create(issuer, Cards.ssd, [.securityDomain, .receiptGeneration]) == .incorrectData)
    }

    @Test("there is one application with Card Reset and one Final Application; deleted, they fall back to the issuer", arguments: [Privileges.cardReset, .finalApplication])
    func single(_ privilege: Privileges) throws {
        let card = try Cards.make(Cards.managed)
        let host = try Cards.issuer(card)
        let cap = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        #expect(try host.load(cap) == .success)
        #expect(card.entry(Cards.isd)?.privileges?.contains(privilege) == true)
        #expect(try install(host, cap, privilege) == .success)
        #expect(card.entry(Cards.isd)?.privileges?.contains(privilege) == false)
        #expect(try install(host, cap, privilege, as: Cards.aid("f054534d5301010102")) == .conditionsNotSatisfied)
        #expect(try create(host, Cards.ssd, [.securityDomain, privilege]) == .conditionsNotSatisfied)
        #expect(try host.status(.registryUpdate(InstallForRegistryUpdate(application: instance, privileges: []))) == .success)
        #expect(card.entry(Cards.isd)?.privileges?.contains(privilege) == true)
        #expect(try host.status(.registryUpdate(InstallForRegistryUpdate(application: instance, privileges: privilege))) == .success)
        #expect(try host.status(DeleteCommand.object(instance).apdu) == .success)
        #expect(card.entry(Cards.isd)?.privileges?.contains(privilege) == true)
        #expect(try create(host, Cards.ssd, [.securityDomain, privilege]) == .success)
    }

    @Test("Card Lock and Card Terminate move the card's state, and only they do", arguments: [Privileges.cardLock, .cardTerminate])
    func cardState(_ privilege: Privileges) throws {
        let card = try Cards.make(Cards.managed)
        let host = try Cards.domain(card, [.securityDomain, privilege])
        let own: CardState = privilege == .cardLock ? .cardLocked : .terminated
        let others: CardState = privilege == .cardLock ? .terminated : .cardLocked
        #expect(try host.status(SetStatusCommand.card(others).apdu) == .conditionsNotSatisfied)
        #expect(card.entry(Cards.isd)?.cardState == .secured)
        #expect(try host.status(SetStatusCommand.card(own).apdu) == .success)
        #expect(card.entry(Cards.isd)?.cardState == own)
    }

    @Test("Global Delete, Global Lock and Global Registry reach what is not below a domain; without them nothing does")
    func global() throws {
        let card = try Cards.make(Cards.managed)
        let issuer = try Cards.issuer(card)
        #expect(try create(issuer, Cards.otherSSD, [.securityDomain]) == .success)
        let powerless = try Cards.domain(card, [.securityDomain, .trustedPath, .authorizedManagement])
        #expect(try powerless.status(DeleteCommand.object(Cards.otherSSD).apdu) == .conditionsNotSatisfied)
        #expect(try powerless.status(SetStatusCommand.lock(Cards.otherSSD).apdu) == .conditionsNotSatisfied)
        #expect(try powerless.registry(.applications).map(\.aid) == [Cards.ssd])
        let powerful = try Cards.domain(card, inner, [.securityDomain, .globalDelete, .globalLock, .globalRegistry], seed: 0x44)
        #expect(try powerful.registry(.applications).map(\.aid) == [.accessRuleApplicationMaster, Cards.otherSSD, Cards.ssd, inner])
        #expect(try powerful.registry(.loadFiles).contains { $0.aid == .securityDomainPackage })
        #expect(try powerful.status(GetStatusCommand(scope: .issuerSecurityDomain).apdu) == .incorrectP1P2)
        #expect(try powerful.status(SetStatusCommand.lock(Cards.otherSSD).apdu) == .success)
        #expect(try powerful.status(SetStatusCommand.unlock(Cards.otherSSD).apdu) == .success)
        var command = DeleteCommand.object(Cards.otherSSD).apdu
        command.data += TLV(0x9E, [UInt8](repeating: 1, count: 16)).bytes
        #expect(try powerful.status(command) == .incorrectData)
        #expect(try powerful.status(DeleteCommand.object(Cards.otherSSD).apdu) == .success)
        #expect(try powerful.status(DeleteCommand.object(Cards.isd).apdu) == .conditionsNotSatisfied)
        // It deletes; it does not install.
        #expect(try create(powerful, Cards.otherSSD, [.securityDomain]) == .conditionsNotSatisfied)
    }

    @Test("service parameters need Global Service, implicit selection is for one application each")
    func parameters() throws {
        let card = try Cards.make(Cards.managed)
        let host = try Cards.issuer(card)
        let cap = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        #expect(try host.load(cap) == .success)
        let before = card.image
        #expect(try install(host, cap, [], system: SystemParameters(globalServices: [0x8100])) == .incorrectData)
        #expect(try install(host, cap, .globalService, system: SystemParameters(other: [TLV(0xA0, [0x81, 0x05])])) == .incorrectData)
        #expect(card.image == before)
        #expect(try install(host, cap, .globalService, system: SystemParameters(globalServices: [0x8100, 0x8200], implicitSelection: [0x42])) == .success)
        #expect(card.entry(instance)?.implicitSelection == [0x42])
        let second = Cards.aid("f054534d5301010102")
        #expect(try install(host, cap, [], system: SystemParameters(implicitSelection: [0xC2]), as: second) == .incorrectData)
        // Another channel, or the other interface.
        #expect(try install(host, cap, [], system: SystemParameters(implicitSelection: [0x82, 0x43]), as: second) == .success)
        let contactless = SystemParameters(other: [TLV(0xA0, [TLV(0x81, [0x01])]), TLV(0xA1, [TLV(0x88, [0x01])])])
        #expect(try host.status(.registryUpdate(InstallForRegistryUpdate(application: second, parameters: InstallParameters(system: contactless)))) == .success)
    }
}
