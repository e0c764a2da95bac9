import Cryptography
import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("Delegated management")
struct DelegatedManagementTests {
    let instance = Cards.aid("f054534d5301010101")
    private static let privileges: Privileges = [.securityDomain, .trustedPath, .delegatedManagement]

    /// A card whose issuer verifies tokens of `signer` and makes receipts, and a host in a domain with Delegated Management.
    private func bench(_ signer: Signer, privileges: Privileges = DelegatedManagementTests.privileges) throws -> (SimulatedCard, Host) {
        let card = try Cards.make(Cards.managed)
        let issuer = try Cards.issuer(card)
        #expect(try issuer.status(signer.putKey(version: ManagementKeyVersion.token, under: Cards.isdKeys())) == .success)
        #expect(try issuer.status(Cards.putSecret(Cards.receiptKey, version: ManagementKeyVersion.receipt, under: Cards.isdKeys())) == .success)
        return (card, try Cards.domain(card, privileges))
    }

    private func ticket() throws -> CAPFile { try CAPFile(Applets.archive("ticket-1.0-jc304")) }

    private func install(_ cap: CAPFile, makeSelectable: Bool = true, other: [TLV] = []) throws -> InstallCommand {
        .install(InstallForInstall(
            loadFile: cap.packageAID, module: try #require(cap.applets.first).aid, application: instance, parameters: InstallParameters(applicationSpecific: [], other: other),
            makeSelectable: makeSelectable))
    }

    @Test("each operation with its token is done and confirmed by a receipt", arguments: [Signer.Kind.aes, .rsa1024, .p256, .p384, .brainpoolP256])
    func life(_ kind: Signer.Kind) throws {
        let signer = try Signer(kind)
        let (card, host) = try bench(signer)
        let cap = try ticket()
        var counter: UInt16 = 0
        func confirmed(_ response: ResponseAPDU, _ receipt: ManagementReceipt, _ comment: Comment) throws {
            #expect(response.statusWord == .success, comment)
            let confirmation = try ManagementConfirmation(parsing: response.data)
            counter += 1
            #expect(confirmation.counter == counter, comment)
            #expect(try receipt.isConfirmed(by: confirmation, key: Cards.receiptKey), comment)
            #expect(try !receipt.isConfirmed(by: confirmation, key: Cards.decipheringKey), comment)
            let data = try ConfirmationData(parsing: confirmation.data)
            // IIN and CIN of the issuer.
            #expect(data.securityDomainData == [0x12, 0x34, 0xCA, 0xFE, 0x00, 0x01])
            #expect(data.token?.digest.count == 32)
        }
        let load = try signer.withToken(.load(InstallForLoad(loadFile: cap.packageAID, loadFileDataBlockHash: cap.loadFileDataBlockHash)))
        let announced = try host.send(load)
        #expect(announced == ResponseAPDU(data: [0x00], statusWord: .success))
        try confirmed(host.load(LoadFileStructure(content: .plain(cap.loadFileDataBlock))), .load(loadFile: cap.packageAID, securityDomain: Cards.ssd), "load")
        try confirmed(host.send(signer.withToken(install(cap, makeSelectable: false))), .install(loadFile: cap.packageAID, application: instance), "install")
        try confirmed(
            host.send(signer.withToken(.makeSelectable(InstallForMakeSelectable(application: instance)))),
            .install(loadFile: cap.packageAID, application: instance), "make selectable")
        let inner = Cards.aid("f054534d530701")
        let parameters = InstallParameters(securityDomain: SecurityDomainParameters(secureChannels: []))
        try confirmed(
            host.send(signer.withToken(.install(InstallForInstall(
                loadFile: .securityDomainPackage, module: .securityDomainModule, application: inner, privileges: [.securityDomain], parameters: parameters,
                makeSelectable: true)))),
            .install(loadFile: .securityDomainPackage, application: inner), "domain")
        try confirmed(
            host.send(signer.withToken(.extradition(InstallForExtradition(newSecurityDomain: inner, object: instance)))),
            .extradition(oldSecurityDomain: Cards.ssd, object: instance, newSecurityDomain: inner), "extradition")
        let quota = InstallParameters(system: SystemParameters(nonVolatileQuota: 4_000))
        try confirmed(
            host.send(signer.withToken(.registryUpdate(InstallForRegistryUpdate(securityDomain: Cards.ssd, application: instance, parameters: quota)))),
            .registryUpdate(oldSecurityDomain: inner, application: instance, newSecurityDomain: Cards.ssd, privileges: nil, parameters: quota.bytes), "update")
        #expect(card.entry(instance)?.securityDomain == Cards.ssd)
        try confirmed(host.send(signer.withToken(DeleteCommand.object(instance).apdu)), .delete(instance), "delete")
        try confirmed(host.send(signer.withToken(DeleteCommand.object(cap.packageAID, related: true).apdu)), .delete(cap.packageAID), "delete load file")
        #expect(try CardIdentity.confirmationCounter(from: Cards.issuer(card).send(GetDataCommand.confirmationCounter.apdu).data) == counter)
        #expect(card.entry(instance) == nil && card.entry(cap.packageAID) == nil)
    }

    @Test("a missing token, one over another command, one by another, a cut one: 6982 and nothing changes", arguments: Signer.Kind.allCases.filter { $0 != .rsa1536 })
    func wrongTokens(_ kind: Signer.Kind) throws {
        let signer = try Signer(kind)
        let (card, host) = try bench(signer)
        let command = try InstallCommand.install(InstallForInstall(
            securityDomain: Cards.otherSSD, privileges: [.securityDomain], parameters: SecurityDomainParameters(secureChannels: []))).apdu()
        let before = card.image
        let right = try signer.withToken(command)
        var wrong: [CommandAPDU] = [command, try Signer(kind, seed: 0x99).withToken(command)]
        var flipped = right
        flipped.data[flipped.data.count - 1] ^= 1
        wrong.append(flipped)
        var cut = right
        let length = right.data.count - command.data.count
        cut.data = Array(right.data.dropLast())
        cut.data[command.data.count - 1] = UInt8(length - 1)
        wrong.append(cut)
        // The token of another command: other privileges.
        let place = try #require(command.data.firstRange(of: [0x03, 0x80, 0x00, 0x00])).lowerBound
        var stolen = right
        stolen.data[place + 2] = 0x80
        wrong.append(stolen)
        for candidate in wrong { #expect(try host.status(candidate) == .securityStatusNotSatisfied) }
        #expect(card.image == before)
        #expect(try host.status(right) == .success)
    }

    @Test("a numbered token is good once, and an older one no more")
    func replay() throws {
        let signer = try Signer(.p256)
        let (card, host) = try bench(signer)
        func create(_ aid: AID, _ number: [UInt8]?) throws -> CommandAPDU {
            var install = InstallForInstall(securityDomain: aid, privileges: [.securityDomain], parameters: SecurityDomainParameters(secureChannels: []))
            install.parameters.other = [TokenReference(tokenIdentifier: number).encoded]
            return try signer.withToken(.install(install))
        }
        func delete(_ aid: AID, _ number: [UInt8]) throws -> CommandAPDU {
            let command = CommandAPDU(
                cla: 0x80, ins: Instruction.delete, p1: 0, p2: 0, data: [TLV(0x4F, aid.bytes), TokenReference(tokenIdentifier: number).encoded].bytes, expectedLength: 256)
            return try signer.withToken(command)
        }
        let first = try create(Cards.otherSSD, [0x00, 0x07])
        #expect(try host.status(first) == .success)
        #expect(try host.status(delete(Cards.otherSSD, [0x08])) == .success)
        let before = card.image
        #expect(try host.status(first) == .securityStatusNotSatisfied)
        #expect(try host.status(create(Cards.otherSSD, [0x08])) == .securityStatusNotSatisfied)
        #expect(try host.status(create(Cards.otherSSD, [0x03])) == .securityStatusNotSatisfied)
        #expect(card.image == before)
        // A token whose command was refused for another reason is not spent: the AID is free, then taken.
        #expect(try host.status(create(Cards.ssd, [0x01, 0x00])) == .incorrectData)
        #expect(try host.status(create(Cards.otherSSD, [0x01, 0x00])) == .success)
        // Without a number it is good as often as its command makes sense.
        #expect(try host.status(delete(Cards.otherSSD, [0x01, 0x01])) == .success)
        let unnumbered = try create(Cards.otherSSD, nil)
        #expect(try host.status(unnumbered) == .success)
        #expect(try host.status(delete(Cards.otherSSD, [0x01, 0x02])) == .success)
        #expect(try host.status(unnumbered) == .success)
        // After loss of power too.
        card.reset()
        let again = try Cards.session(card, Cards.ssd)
        #expect(try again.status(delete(Cards.otherSSD, [0x01, 0x02])) == .securityStatusNotSatisfied)
    }

    @Test("the control reference names the domain that verifies; another is 6A88, a malformed one 6A80")
    func reference() throws {
        let signer = try Signer(.aes)
        let (card, host) = try bench(signer)
        func create(_ other: [TLV]) throws -> StatusWord {
            var install = InstallForInstall(securityDomain: Cards.otherSSD, privileges: [.securityDomain], parameters: SecurityDomainParameters(secureChannels: []))
            install.parameters.other = other
            return try host.status(signer.withToken(.install(install)))
        }
        let before = card.image
        #expect(try create([TokenReference(identificationNumber: [0x99]).encoded]) == .referencedDataNotFound)
        #expect(try create([TokenReference(identificationNumber: [0x12, 0x34], imageNumber: [0x99]).encoded]) == .referencedDataNotFound)
        #expect(try create([TLV(0xB6, [0x42])]) == .incorrectData)
        #expect(try create([TLV(0xB6, [TLV(0x99, [0x01])])]) == .incorrectData)
        #expect(try create([TLV(0xB6), TLV(0xB6)]) == .incorrectData)
        #expect(card.image == before)
        #expect(try create([TokenReference(identificationNumber: [0x12, 0x34], imageNumber: [0xCA, 0xFE, 0x00, 0x01], applicationProvider: [0x01]).encoded]) == .success)
    }

    @Test("who has neither privilege, no verifier above, no token key, or a locked verifier")
    func conditions() throws {
        let signer = try Signer(.aes)
        let install = InstallForInstall(securityDomain: Cards.otherSSD, privileges: [.securityDomain], parameters: SecurityDomainParameters(secureChannels: []))
        let command = try signer.withToken(.install(install))
        let (card, host) = try bench(signer)
        // The key goes: nothing can be verified.
        #expect(try Cards.issuer(card).status(DeleteCommand.key(identifier: nil, version: ManagementKeyVersion.token).apdu) == .success)
        #expect(try Cards.session(card, Cards.ssd).status(command) == .conditionsNotSatisfied)
        // An issuer that does not verify tokens.
        var profile = Cards.managed
        profile.issuerSecurityDomainPrivileges.subtract([.tokenVerification, .receiptGeneration])
        let silent = try Cards.make(profile)
        let delegated = try Cards.domain(silent, Self.privileges)
        #expect(try delegated.status(command) == .conditionsNotSatisfied)
        // Neither privilege, with and without a token.
        let plain = try Cards.domain(silent, Cards.aid("f054534d530703"), [.securityDomain, .trustedPath])
        #expect(try plain.status(command) == .conditionsNotSatisfied)
        #expect(try plain.status(.install(install)) == .conditionsNotSatisfied)
        // Authorized Management takes no token.
        let authorized = try Cards.domain(silent, Cards.aid("f054534d530704"), .serviceProviderSecurityDomain)
        #expect(try authorized.status(command) == .incorrectData)
        #expect(try authorized.status(.install(install)) == .success)
        _ = host
    }

    @Test("a supplementary domain verifies for those below it, with its own key and number; no receipt where nobody makes any")
    func supplementaryVerifier() throws {
        let signer = try Signer(.p256)
        let card = try Cards.make(Cards.managed)
        let verifier = try Cards.domain(card, Cards.otherSSD, [.securityDomain, .trustedPath, .authorizedManagement, .tokenVerification, .receiptGeneration], seed: 0x44)
        #expect(try verifier.status(signer.putKey(version: ManagementKeyVersion.token, under: Cards.keys(0x44))) == .success)
        #expect(try verifier.status(CommandAPDU(cla: 0x80, ins: 0xE2, p1: 0x90, p2: 0, data: [0x42, 0x01, 0x77, 0x45, 0x01, 0x78])) == .success)
        let option = SecurityDomainParameters(secureChannels: [SecureChannelProtocol(identifier: 0x03, option: 0x70)])
        #expect(try verifier.status(.install(InstallForInstall(securityDomain: Cards.ssd, privileges: Self.privileges, parameters: option))) == .success)
        #expect(try verifier.status(.personalization(Cards.ssd)) == .success)
        for command in try Cards.firstKeys(Cards.keys(0x22), version: 0x30, under: Cards.keys(0x44)).commands(maximumPayload: 239) {
            #expect(try verifier.status(command.apdu) == .success)
        }
        let install = try signer.withToken(.install(InstallForInstall(
            securityDomain: Cards.aid("f054534d530705"), privileges: [.securityDomain], parameters: SecurityDomainParameters(secureChannels: []))))
        // Receipts are this domain's duty, and it has no key for them yet.
        #expect(try Cards.session(card, Cards.ssd).status(install) == .conditionsNotSatisfied)
        let keyed = try Cards.session(card, Cards.otherSSD, seed: 0x44)
        #expect(try keyed.status(Cards.putSecret(Cards.receiptKey, version: ManagementKeyVersion.receipt, under: Cards.keys(0x44))) == .success)
        let response = try Cards.session(card, Cards.ssd).send(install)
        let confirmation = try ManagementConfirmation(parsing: response.data)
        #expect(try ConfirmationData(parsing: confirmation.data).securityDomainData == [0x77, 0x78])
        #expect(try Cards.session(card, Cards.otherSSD, seed: 0x44).send(GetDataCommand.confirmationCounter.apdu).data == [0xC2, 0x02, 0x00, 0x01])
        // Locked, it verifies nothing.
        #expect(try Cards.issuer(card).status(SetStatusCommand.lock(Cards.otherSSD).apdu) == .success)
        let delete = try signer.withToken(DeleteCommand.object(Cards.aid("f054534d530705")).apdu)
        #expect(try Cards.session(card, Cards.ssd).status(delete) == .conditionsNotSatisfied)
    }

    @Test("a delegated domain gives no more than its verifier could, and reaches no further than its own")
    func limits() throws {
        let signer = try Signer(.aes)
        let (card, host) = try bench(signer)
        func create(_ privileges: Privileges) throws -> StatusWord {
            try host.status(signer.withToken(.install(InstallForInstall(
                securityDomain: Cards.otherSSD, privileges: privileges, parameters: SecurityDomainParameters(secureChannels: [])))))
        }
        let before = card.image
        #expect(try create([.securityDomain, .authorizedManagement, .delegatedManagement]) == .incorrectData)
        #expect(try host.status(signer.withToken(DeleteCommand.object(.accessRuleApplicationMaster).apdu)) == .conditionsNotSatisfied)
        #expect(try host.status(signer.withToken(.extradition(InstallForExtradition(newSecurityDomain: Cards.ssd, object: .accessRuleApplicationMaster)))) == .conditionsNotSatisfied)
        #expect(try host.status(signer.withToken(.load(InstallForLoad(loadFile: Cards.aid("f054534d530706"), securityDomain: Cards.isd)))) == .conditionsNotSatisfied)
        #expect(card.image == before)
        // What the issuer itself has its token can give.
        #expect(try create([.securityDomain, .authorizedManagement, .globalLock]) == .success)
    }
}
