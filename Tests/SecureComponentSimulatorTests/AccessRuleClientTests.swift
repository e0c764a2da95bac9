import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("Access rules of providers (ARA-C), and rules that partial AIDs do not get around")
struct AccessRuleClientTests {
    let app = AccessRuleTests.app
    let package = Cards.aid("a00000015141434c")
    let module = Cards.aid("a00000015141434c01")
    let client = Cards.aid("f054534d5300ac")
    let instance = Cards.aid("f054534d5301010101")

    private func install(_ host: Host) throws -> StatusWord {
        try host.status(.install(InstallForInstall(loadFile: package, module: module, application: client, parameters: InstallParameters(), makeSelectable: true)))
    }

    private func store(_ host: Host, _ command: AccessRuleCommand) throws -> StatusWord {
        let status = try host.status(.personalization(client))
        return status.isSuccess ? try host.status(command.storeData.apdu) : status
    }

    /// A card whose provider has an instance and an ARA-C, and a host in a session with its domain.
    private func provided() throws -> Host {
        let host = try Cards.withDomain(Cards.make())
        let ticket = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        #expect(try host.load(ticket) == .success)
        #expect(try host.install(ticket, module: ticket.applets[0].aid, as: instance) == .success)
        #expect(try install(host) == .success)
        return host
    }

    private func opens(_ card: SimulatedCard, _ aid: AID) async throws -> Bool {
        let reader = SimulatorReader(name: "eSE1", card: card, accessControl: AccessControl(deviceApp: try DeviceAppID(app)))
        let session = try await reader.openSession()
        let outcome: Bool
        do {
            _ = try await session.openLogicalChannel(aid)
            outcome = true
        } catch {
            #expect(error.code == "access-denied")
            outcome = false
        }
        await reader.closeSessions()
        return outcome
    }

    @Test("a provider's rules for his own applications count as the master's do, and changes of them change the master's tag")
    func union() async throws {
        let host = try provided()
        let card = host.card
        let reader = Host(card, channel: try ManageChannelCommand.channel(from: card.transmit(ManageChannelCommand.open.apdu).data))
        try reader.select(.accessRuleApplicationMaster)
        func tag() throws -> [UInt8] { try AccessRuleResponse.parseRefreshTag(reader.plain(GetDataCommand.accessRulesRefreshTag.apdu).data) }
        var tags: [[UInt8]] = [try tag()]
        #expect(try await opens(card, instance) == false)
        #expect(try store(host, .store(AccessRuleTests.rule(instance))) == .success)
        tags.append(try tag())
        #expect(try await opens(card, instance))
        #expect(try reader.plain(AccessRuleResponse.query(.application(instance), .hash(app)).apdu).data == AccessRuleResponse.specific([AccessRuleTests.rule(instance)]))
        // The issuer has a say too: where both have a rule the strictest counts.
        let issuer = try Cards.issuer(card)
        #expect(try AccessRuleTests.store(issuer, .store(AccessRuleTests.rule(instance, app, .never))) == .success)
        tags.append(try tag())
        #expect(try await opens(card, instance) == false)
        #expect(try AccessRuleTests.store(issuer, .deleteRule(AccessRuleTests.rule(instance, app, .never))) == .success)
        #expect(try await opens(card, instance))
        // A locked client has no say.
        try host.select(Cards.ssd)
        #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try host.status(SetStatusCommand.lock(client).apdu) == .success)
        tags.append(try tag())
        #expect(try await opens(card, instance) == false)
        #expect(try host.status(SetStatusCommand.unlock(client).apdu) == .success)
        #expect(try host.status(DeleteCommand.object(client).apdu) == .success)
        #expect(card.image.accessRules == [AccessRuleTests.rule(Cards.isd, nil)])
        #expect(Set(tags).count == tags.count)
    }

    @Test("a provider's rules for what is not his do not count: the issuer, everybody, a prefix that others share")
    func foreign() async throws {
        let host = try provided()
        let card = host.card
        let any = AccessRule(target: .any, deviceApplication: .any, apdu: .always, nfcEvents: nil)
        let ownPrefix = AccessRule(target: .aid(Array(instance.bytes.prefix(7))), deviceApplication: .hash(app), apdu: .always, nfcEvents: nil)
        let shared = AccessRule(target: .aid(Array(instance.bytes.prefix(5))), deviceApplication: .hash(app), apdu: .always, nfcEvents: nil)
        let isd = AccessRuleTests.rule(Cards.isd, app, .never)
        let nobody = AccessRuleTests.rule(Cards.aid("f054534d530177"))
        for rule in [any, shared, isd, nobody, ownPrefix] { #expect(try store(host, .store(rule)) == .success) }
        #expect(card.image.accessRules?.contains(shared) == true)
        #expect(try Cards.createDomain(Cards.issuer(card), Cards.otherSSD) == .success)
        #expect(card.image.accessRules == [AccessRuleTests.rule(Cards.isd, nil), ownPrefix])
        #expect(try await opens(card, Cards.isd))
        #expect(try await opens(card, Cards.otherSSD) == false)
        #expect(try await opens(card, instance))
        // The client itself tells all that it holds.
        let reader = Host(card, channel: try ManageChannelCommand.channel(from: card.transmit(ManageChannelCommand.open.apdu).data))
        try reader.select(client)
        let parts = try reader.plain(GetDataCommand.allAccessRules.apdu).data + reader.plain(GetDataCommand.nextAccessRules.apdu).data
        #expect(try AccessRuleResponse.parseAll(parts).count == 5)
    }

    @Test("where the master has registered clients, only these count; there is one master")
    func registered() async throws {
        let host = try provided()
        let card = host.card
        #expect(try store(host, .store(AccessRuleTests.rule(instance))) == .success)
        #expect(try store(host, .other(TLV(0xF7, [TLV(0x4F, client.bytes)]))) == .referencedDataNotFound)
        let issuer = try Cards.issuer(card)
        #expect(try AccessRuleTests.store(issuer, .other(TLV(0xF7, [TLV(0x4F, Cards.otherSSD.bytes)]))) == .success)
        #expect(try await opens(card, instance) == false)
        #expect(try AccessRuleTests.store(issuer, .other(TLV(0xF7, [TLV(0x4F, client.bytes)]))) == .success)
        #expect(try await opens(card, instance))
        #expect(try AccessRuleTests.store(issuer, .other(TLV(0xF7))) == .success)
        #expect(try await opens(card, instance))
        for data: [TLV] in [[TLV(0x4F, [1])], [TLV(0xC1)]] { #expect(try AccessRuleTests.store(issuer, .other(TLV(0xF7, data))) == .incorrectData) }
        let second = InstallForInstall(
            loadFile: package, module: .accessRuleApplicationMaster, application: Cards.aid("f054534d5300ad"), parameters: InstallParameters(), makeSelectable: true)
        #expect(try issuer.status(.install(second)) == .conditionsNotSatisfied)
        let configuration = Host(card, channel: try ManageChannelCommand.channel(from: card.transmit(ManageChannelCommand.open.apdu).data))
        try configuration.select(.accessRuleApplicationMaster)
        #expect(try configuration.plain(GetDataCommand.accessRulesConfiguration.apdu).data == [0xDF, 0x21, 0x07, 0xE5, 0x05, 0xE6, 0x03, 1, 1, 0])
    }

    @Test("the beginning of an AID opens what the rules of the selected one allow, and no more")
    func partial() async throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        let (first, second) = (Cards.aid("f054534d530a"), Cards.aid("f054534d530b"))
        for aid in [first, second] { #expect(try Cards.createDomain(issuer, aid) == .success) }
        let prefix = Cards.aid("f054534d53")
        let forPrefix = AccessRule(target: .aid(prefix.bytes), deviceApplication: .hash(app), apdu: .always, nfcEvents: nil)
        #expect(try AccessRuleTests.store(issuer, .store(forPrefix)) == .success)
        #expect(try AccessRuleTests.store(issuer, .store(AccessRuleTests.rule(second, app, .never))) == .success)
        let reader = SimulatorReader(name: "eSE1", card: card, accessControl: AccessControl(deviceApp: try DeviceAppID(app)))
        let session = try await reader.openSession()
        let channel = try await session.openLogicalChannel(prefix)
        #expect(try SelectResponse(parsing: try #require(channel.selectResponse).data).aid == first)
        // The next one is forbidden: the channel does not stay on it.
        await #expect(throws: SecureComponentError.self) { try await channel.selectNext() }
        #expect(channel.isClosed)
        #expect(card.openChannels == 1)
        // Now the first one is: what the beginning finds is not opened, although a rule allows the beginning.
        #expect(try AccessRuleTests.store(issuer, .store(AccessRuleTests.rule(first, app, .never))) == .success)
        for _ in 0..<2 {
            await #expect(throws: SecureComponentError.self) { try await session.openLogicalChannel(prefix) }
            await #expect(throws: SecureComponentError.self) { try await session.openBasicChannel(prefix) }
        }
        #expect(card.openChannels == 1)
        #expect(try SelectResponse(parsing: card.transmit(SelectCommand(name: []).apdu).data).aid == Cards.isd)
        await session.close()
    }
}
