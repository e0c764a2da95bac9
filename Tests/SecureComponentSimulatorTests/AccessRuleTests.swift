import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Testing

@Suite("Access rule application")
struct AccessRuleTests {
    static let app: [UInt8] = [UInt8](repeating: 0xAB, count: 32)

    static func rule(_ aid: AID, _ app: [UInt8]? = app, _ access: AccessRule.APDUAccess = .always) -> AccessRule {
        AccessRule(target: .application(aid), deviceApplication: app.map { .hash($0) } ?? .any, apdu: access, nfcEvents: nil)
    }

    /// INSTALL [for personalization] and STORE DATA in a session with the Issuer Security Domain.
    static func store(_ host: Host, _ command: AccessRuleCommand) throws -> StatusWord {
        let status = try host.status(.personalization(.accessRuleApplicationMaster))
        guard status.isSuccess else { return status }
        return try host.status(command.storeData.apdu)
    }

    private func readAll(_ host: Host) throws -> [AccessRule] {
        var response = try host.plain(GetDataCommand.allAccessRules.apdu)
        var data: [UInt8] = []
        while response.statusWord.isSuccess {
            data += response.data
            response = try host.plain(GetDataCommand.nextAccessRules.apdu)
        }
        #expect(response.statusWord == .conditionsNotSatisfied)
        return try AccessRuleResponse.parseAll(data)
    }

    @Test("the profile's rule is there; rules are stored, listed in parts, found, deleted")
    func rules() throws {
        let card = try Cards.make()
        let reader = Host(card, channel: try ManageChannelCommand.channel(from: card.transmit(ManageChannelCommand.open.apdu).data))
        try reader.select(.accessRuleApplicationMaster)
        #expect(try readAll(reader) == [Self.rule(Cards.isd, nil)])
        let first = try AccessRuleResponse.parseRefreshTag(reader.plain(GetDataCommand.accessRulesRefreshTag.apdu).data)
        let host = try Cards.issuer(card)
        let aids = (0..<12).map { Cards.aid("f054534d53aa" + Hex.encode([UInt8($0)])) }
        for aid in aids { #expect(try Self.store(host, .store(Self.rule(aid))) == .success) }
        #expect(try Self.store(host, .store(Self.rule(aids[0]))) == .ruleAlreadyExists)
        #expect(try readAll(reader) == [Self.rule(Cards.isd, nil)] + aids.map { Self.rule($0) })
        #expect(try AccessRuleResponse.parseRefreshTag(reader.plain(GetDataCommand.accessRulesRefreshTag.apdu).data) != first)
        let query = AccessRuleResponse.query(.application(aids[3]), .hash(Self.app))
        #expect(try reader.plain(query.apdu).data == AccessRuleResponse.specific([Self.rule(aids[3])]))
        #expect(try Self.store(host, .deleteRule(Self.rule(aids[3]))) == .success)
        #expect(try reader.plain(query.apdu).statusWord == .referencedDataNotFound)
        #expect(try Self.store(host, .deleteRule(Self.rule(aids[3]))) == .referencedDataNotFound)
        #expect(try Self.store(host, .deleteTarget(.application(aids[4]))) == .success)
        #expect(try Self.store(host, .deleteReference(.application(aids[5]), .hash(Self.app))) == .success)
        #expect(try readAll(reader).count == 10)
        #expect(try Self.store(host, .deleteAll) == .success)
        #expect(try readAll(reader).isEmpty)
        #expect(try Self.store(host, .updateRefreshTag) == .success)
    }

    @Test("rules that change while they are read end the reading")
    func changed() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        for number in 0..<8 { #expect(try Self.store(host, .store(Self.rule(Cards.aid("f054534d53aa0" + "\(number)")))) == .success) }
        let reader = Host(card, channel: try ManageChannelCommand.channel(from: card.transmit(ManageChannelCommand.open.apdu).data))
        try reader.select(.accessRuleApplicationMaster)
        #expect(try reader.plain(GetDataCommand.allAccessRules.apdu).statusWord == .success)
        #expect(try Self.store(host, .store(Self.rule(Cards.otherSSD))) == .success)
        #expect(try reader.plain(GetDataCommand.nextAccessRules.apdu).statusWord == .referencedDataInvalidated)
        #expect(try reader.plain(GetDataCommand.nextAccessRules.apdu).statusWord == .conditionsNotSatisfied)
    }

    @Test("its own session, with its security domain's keys, stores rules too; without one it stores nothing")
    func direct() throws {
        let card = try Cards.make()
        let host = Host(card)
        try host.select(.accessRuleApplicationMaster)
        let command = AccessRuleCommand.store(Self.rule(Cards.ssd)).storeData.apdu
        #expect(try host.plain(command).statusWord == .securityStatusNotSatisfied)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
        #expect(try host.status(command) == .success)
        #expect(card.image.accessRules?.count == 2)
        #expect(try host.status(GetDataCommand.allAccessRules.apdu) == .success)
        #expect(try host.plain(CommandAPDU(cla: 0x80, ins: 0xE6, p1: 0, p2: 0)).statusWord == .instructionNotSupported)
    }

    @Test("on a locked card nothing is stored, in a session that was open before too: 6985; rules are still told, and stored again once it is unlocked")
    func lockedCard() throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        let own = Host(card, channel: try ManageChannelCommand.channel(from: issuer.plain(ManageChannelCommand.open.apdu).data))
        try own.select(.accessRuleApplicationMaster)
        #expect(try own.open(Cards.isdKeys(), version: 0x30) == .success)
        let rule = AccessRuleCommand.store(Self.rule(Cards.ssd)).storeData.apdu
        #expect(try issuer.status(SetStatusCommand.card(.cardLocked).apdu) == .success)
        let before = card.image.accessRules
        #expect(try own.status(rule) == .conditionsNotSatisfied)
        #expect(try issuer.status(.personalization(.accessRuleApplicationMaster)) == .conditionsNotSatisfied)
        #expect(card.image.accessRules == before)
        #expect(try issuer.status(SetStatusCommand.card(.secured).apdu) == .success)
        #expect(try own.status(rule) == .success)
        #expect(card.image.accessRules?.count == (before?.count ?? 0) + 1)
    }

    @Test("what is no rule is refused and changes nothing")
    func refused() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let before = card.image
        func status(_ data: [UInt8]) throws -> StatusWord {
            #expect(try host.status(.personalization(.accessRuleApplicationMaster)) == .success)
            return try host.status(StoreDataCommand(structure: .berTLV, data: data).apdu)
        }
        #expect(try status([]) == .incorrectData)
        #expect(try status([0xF0, 0x02, 0xE2, 0x00]) == .incorrectData)
        #expect(try status([0xF9, 0x00]) == .incorrectData)
        #expect(try status([0xF3, 0x00]) == .referencedDataNotFound)
        #expect(try status([0xF0, 0x05]) == .incorrectData)
        let rule = Self.rule(Cards.ssd)
        #expect(try status(AccessRuleCommand.store(rule).encoded.bytes + [0xF9, 0x00]) == .incorrectData)
        var empty = rule
        empty.apdu = nil
        #expect(try status(AccessRuleCommand.store(empty).encoded.bytes) == .incorrectData)
        #expect(card.image == before)
    }
}

@Suite("Readers with simulated cards")
struct ReaderTests {
    let app = AccessRuleTests.app

    private func reader(_ card: SimulatedCard, _ enforcement: AccessControl.Enforcement = .rules(withoutRuleApplication: .deny)) throws -> SimulatorReader {
        SimulatorReader(name: "eSE1", card: card, accessControl: AccessControl(deviceApp: try DeviceAppID(app), enforcement: enforcement))
    }

    private func denied(_ session: any Session, _ aid: AID) async -> Bool {
        do {
            _ = try await session.openLogicalChannel(aid)
            return false
        } catch {
            return error.code == "access-denied"
        }
    }

    @Test("the service finds readers by name")
    func service() async throws {
        let service = SimulatorService([try reader(Cards.make())])
        #expect(try await service.reader(named: "eSE1").isSecureElementPresent)
        await #expect(throws: SecureComponentError.readerNotFound("SIM1")) { try await service.reader(named: "SIM1") }
        #expect(try await service.reader(named: "eSE1").openSession().atr == CardProfile.eSE.atr.bytes)
    }

    @Test("rules decide which channels open, and changed rules count at once")
    func enforced() async throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        #expect(try Cards.createDomain(issuer) == .success)
        let session = try await reader(card).openSession()
        let isd = try await session.openLogicalChannel(Cards.isd)
        #expect(try await isd.transmit(GetDataCommand.cardImageNumber.apdu).statusWord == .success)
        #expect(await denied(session, Cards.ssd))
        #expect(await denied(session, Cards.otherSSD))
        #expect(try AccessRuleTests.store(issuer, .store(AccessRuleTests.rule(Cards.ssd, [UInt8](repeating: 1, count: 32)))) == .success)
        #expect(await denied(session, Cards.ssd))
        #expect(try AccessRuleTests.store(issuer, .store(AccessRuleTests.rule(Cards.ssd))) == .success)
        let ssd = try await session.openLogicalChannel(Cards.ssd)
        #expect(try SelectResponse(parsing: try #require(ssd.selectResponse).data).aid == Cards.ssd)
        #expect(try AccessRuleTests.store(issuer, .deleteRule(AccessRuleTests.rule(Cards.ssd))) == .success)
        #expect(try AccessRuleTests.store(issuer, .store(AccessRuleTests.rule(Cards.ssd, app, .never))) == .success)
        #expect(await denied(session, Cards.ssd))
        await ssd.close()
        await isd.close()
        await session.close()
        await #expect(throws: SecureComponentError.sessionClosed) { try await session.openLogicalChannel(Cards.isd) }
    }

    @Test("a filter lets some commands through")
    func filtered() async throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        #expect(try Cards.createDomain(issuer) == .success)
        let filter = try APDUFilter(header: [0x80, 0xCA, 0x00, 0x00], mask: [0xFF, 0xFF, 0x00, 0x00])
        #expect(try AccessRuleTests.store(issuer, .store(AccessRuleTests.rule(Cards.ssd, app, .filters([filter])))) == .success)
        let channel = try await reader(card).openSession().openLogicalChannel(Cards.ssd)
        #expect(try await channel.transmit(GetDataCommand.cardRecognitionData.apdu).statusWord == .success)
        do {
            _ = try await channel.transmit(SCP03HostSession.initializeUpdate(kvn: 0, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
            Issue.record("INITIALIZE UPDATE passed the filter")
        } catch {
            #expect(error.code == "access-denied")
        }
    }

    @Test("a component without rules: the service's default", arguments: [AccessControl.Default.allow, .deny])
    func withoutRules(_ whenThereAreNone: AccessControl.Default) async throws {
        var profile = CardProfile.eSE
        profile.hasAccessRuleApplication = false
        let session = try await reader(Cards.make(profile), .rules(withoutRuleApplication: whenThereAreNone)).openSession()
        #expect(await denied(session, Cards.isd) == (whenThereAreNone == .deny))
    }

    @Test("SELECT and MANAGE CHANNEL stay the session's; what is not there is not found; channels run out")
    func channels() async throws {
        let reader = try reader(Cards.make(), .none)
        let session = try await reader.openSession()
        let channel = try await session.openLogicalChannel(Cards.isd)
        for command in [SelectCommand(aid: Cards.isd).apdu, ManageChannelCommand.open.apdu] {
            do {
                _ = try await channel.transmit(command)
                Issue.record("\(command) passed")
            } catch {
                #expect(error.code == "command-not-allowed")
            }
        }
        await #expect(throws: SecureComponentError.applicationNotFound(Cards.ssd.bytes)) { try await session.openLogicalChannel(Cards.ssd) }
        let second = try await session.openLogicalChannel(nil)
        #expect(second.selectResponse == nil)
        let third = try await session.openLogicalChannel(Cards.isd)
        do {
            _ = try await session.openLogicalChannel(Cards.isd)
            Issue.record("a fifth channel opened")
        } catch {
            #expect(error.code == "channel-not-available")
        }
        await third.close()
        _ = try await session.openLogicalChannel(Cards.isd)
        let basic = try await session.openBasicChannel(Cards.isd)
        #expect(basic.isBasic)
        await #expect(throws: SecureComponentError.self) { try await session.openBasicChannel(nil) }
        await basic.close()
        _ = try await session.openBasicChannel(nil)
        await reader.closeSessions()
        #expect(channel.isClosed && second.isClosed && session.isClosed)
        await #expect(throws: SecureComponentError.channelClosed) { try await channel.transmit(GetDataCommand.cardImageNumber.apdu) }
        #expect(try await reader.openSession().openLogicalChannel(Cards.isd).isClosed == false)
    }

    @Test("a secure channel session through a logical channel")
    func session() async throws {
        let card = try Cards.make()
        let channel = try await reader(card).openSession().openLogicalChannel(Cards.isd)
        let challenge: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let answer = try InitializeUpdateResponse(await channel.transmit(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: challenge)))
        var host = try SCP03HostSession(staticKeys: Cards.isdKeys(), level: .full, hostChallenge: challenge, response: answer)
        #expect(try await channel.transmit(host.externalAuthenticate()).statusWord == .success)
        // A case 3 command has an R-MAC to bring back all the same.
        let response = try await channel.transmit(host.wrap(SetStatusCommand.lock(Cards.ssd).apdu))
        #expect(try host.unwrap(response).statusWord == .referencedDataNotFound)
        let list = try await channel.transmit(host.wrap(GetStatusCommand(scope: .issuerSecurityDomain).apdu))
        #expect(try GetStatusPage(parsing: host.unwrap(list)).entries.first?.aid == Cards.isd)
    }

    @Test("loss of power is told from a lost answer; the next session connects anew")
    func faults() async throws {
        let card = try Cards.make()
        let reader = try reader(card, .none)
        let session = try await reader.openSession()
        let channel = try await session.openLogicalChannel(Cards.isd)
        card.inject(.at(0, .dropResponse))
        await #expect(throws: SecureComponentError.transmitFailed("the response was lost")) { try await channel.transmit(GetDataCommand.cardImageNumber.apdu) }
        #expect(try await channel.transmit(GetDataCommand.cardImageNumber.apdu).statusWord == .success)
        card.inject(.at(0, .powerCutBefore))
        for _ in 0..<2 {
            do {
                _ = try await channel.transmit(GetDataCommand.cardImageNumber.apdu)
                Issue.record("the component was lost")
            } catch {
                #expect(error.code == "component-lost")
            }
        }
        #expect(try await reader.openSession().openLogicalChannel(Cards.isd).transmit(GetDataCommand.cardImageNumber.apdu).statusWord == .success)
    }
}
