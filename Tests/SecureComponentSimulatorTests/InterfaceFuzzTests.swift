import GlobalPlatform
import TestMaterial
import Testing

@testable import SecureComponentSimulator

/// The card's whole interface under whatever comes: any bytes, in any order, on any channel, between commands that are right and losses of power.
@Suite("Fuzzing the card's interface")
struct InterfaceFuzzTests {
    static let instance = Cards.aid("f054534d5301010101")
    static let client = Cards.aid("f054534d5300ac")

    /// All that is stored, but for what INITIALIZE UPDATE and failed authentication may change.
    private func lasting(_ image: CardImage) -> CardImage {
        var image = image
        for index in image.applications.indices {
            guard var domain = image.applications[index].domain else { continue }
            for set in domain.keySets.indices {
                domain.keySets[set].sequenceCounter = 0
                domain.keySets[set].failedAuthentications = 0
            }
            image.applications[index].domain = domain
        }
        return image
    }

    /// A card with all kinds of things on it: domains, a load file, an instance, rules, a client, an upgrade that has begun.
    private func furnished() throws -> SimulatedCard {
        var profile = CardProfile.eUICC
        profile.scp03Options = [0x70]
        profile.maximumFailedAuthentications = 255
        let card = try Cards.make(profile)
        let host = try Cards.withDomain(card)
        let ticket = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        let store = try CAPFile(Applets.archive("store-1.0-jc304"))
        guard try host.load(ticket).isSuccess, try host.install(ticket, module: ticket.applets[0].aid, as: Self.instance).isSuccess,
            try host.personalize(Self.instance, [(.unspecified, [0xC0, 3, 1, 2, 3])]).isSuccess, try host.load(store).isSuccess,
            try host.status(ManageUpgradeCommand(.start, loadFile: store.packageAID).apdu).isSuccess,
            try host.status(.install(InstallForInstall(
                loadFile: AccessRuleStore.loadFile, module: AccessRuleStore.clientModule, application: Self.client, parameters: InstallParameters(), makeSelectable: true))).isSuccess,
            try Cards.createDomain(Cards.issuer(card), Cards.otherSSD).isSuccess
        else { throw Host.NoSession() }
        card.reset()
        return card
    }

    /// Commands as a host sends them, to be altered or not.
    private func valid(_ random: SeededRandom) throws -> CommandAPDU {
        let aids = [Cards.isd, Cards.ssd, Cards.otherSSD, .accessRuleApplicationMaster, Self.client, Self.instance, .securityDomainPackage]
        let aid = aids[random.next(below: aids.count)]
        let bytes = try random.bytes(random.next(below: 40))
        switch random.next(below: 22) {
        case 0, 1: return SelectCommand(aid: aid).apdu
        case 2: return SelectCommand(name: Array(aid.bytes.prefix(random.next(below: 17))), next: random.next(below: 2) == 0).apdu
        case 3, 4: return ManageChannelCommand.open.apdu
        case 5: return ManageChannelCommand.close(UInt8(1 + random.next(below: 19))).apdu
        case 6: return SCP03HostSession.initializeUpdate(kvn: [0, 0x30, 0x31][random.next(below: 3)], hostChallenge: try random.bytes(8))
        case 7: return CommandAPDU(cla: 0x84, ins: 0x82, p1: [0x33, 0x03, 0x01, 0x00][random.next(below: 4)], p2: 0, data: try random.bytes(16))
        case 8:
            let tags: [UInt16] = [0x42, 0x45, 0x66, 0x67, 0x9F7F, 0xE0, 0xC1, 0xCF, 0xFF21, 0xFF40, 0xFF60, 0xDF20, 0xDF21, 0xFF50]
            return GetDataCommand(tag: tags[random.next(below: tags.count)]).apdu
        case 9: return AccessRuleResponse.query(.application(aid), .any).apdu
        case 10: return GetStatusCommand(scope: .applications, aidPrefix: Array(aid.bytes.prefix(3))).apdu
        case 11: return SetStatusCommand.lock(aid).apdu
        case 12: return DeleteCommand.object(aid, related: true).apdu
        case 13: return try InstallCommand.personalization(aid).apdu()
        case 14: return try InstallCommand.install(InstallForInstall(securityDomain: aid, parameters: SecurityDomainParameters(secureChannels: []))).apdu()
        case 15: return try InstallCommand.load(InstallForLoad(loadFile: aid)).apdu()
        case 16: return CommandAPDU(cla: 0x80, ins: Instruction.load, p1: 0x80, p2: 0, data: bytes)
        case 17: return AccessRuleCommand.store(AccessRuleTests.rule(aid)).storeData.apdu
        case 18: return CommandAPDU(cla: 0x80, ins: Instruction.putKey, p1: 0, p2: 0x81, data: [0x31] + bytes)
        case 19: return ManageUpgradeCommand([.status, .resume, .abort, .recover, .start][random.next(below: 5)], loadFile: aid).apdu
        case 20: return CommandAPDU(cla: 0x00, ins: Instruction.getResponse, p1: 0, p2: 0, expectedLength: 1 + random.next(below: 256))
        default: return CommandAPDU(cla: 0x80, ins: [0x10, 0x12, 0x20, 0x22, 0x30][random.next(below: 5)], p1: random.byte(), p2: random.byte(), expectedLength: 256)
        }
    }

    private func command(_ random: SeededRandom) throws -> [UInt8] {
        if random.next(below: 8) == 0 { return try random.bytes(random.next(below: 300)) }
        var command = try valid(random)
        if random.next(below: 3) > 0 { command = try command.withChannel(random.next(below: 20)) }
        if random.next(below: 4) == 0 { command = command.withSecureMessaging(true) }
        if random.next(below: 6) == 0 { command.expectedLength = random.next(below: 2) == 0 ? nil : 1 + random.next(below: 256) }
        var bytes = command.bytes
        switch random.next(below: 6) {
        case 0: bytes[random.next(below: bytes.count)] ^= UInt8(1 << random.next(below: 8))
        case 1: bytes = Array(bytes.prefix(random.next(below: bytes.count + 1)))
        case 2: bytes += try random.bytes(random.next(below: 4))
        default: break
        }
        return bytes
    }

    @Test("200 000 commands without keys: an answer to each, nothing changed, nothing grown", .timeLimit(.minutes(2)))
    func unauthenticated() throws {
        let random = SeededRandom(seed: 0xCA4D)
        let card = try furnished()
        let before = lasting(card.image)
        var statuses: [UInt16: Int] = [:]
        for index in 0..<200_000 {
            let response = try card.transmit(command(random))
            guard response.count >= 2 else {
                Issue.record("command \(index) was answered \(Hex.encode(response))")
                return
            }
            statuses[UInt16(response[response.count - 2]) << 8 | UInt16(response[response.count - 1]), default: 0] += 1
            #expect(response.count <= 258)
            if random.next(below: 400) == 0 { card.reset() }
            if index.isMultiple(of: 10_000) {
                #expect(lasting(card.image) == before, "after command \(index)")
                #expect(card.openChannels <= card.profile.logicalChannels)
            }
        }
        #expect(lasting(card.image) == before)
        #expect(card.image.inconsistency == nil)
        // It was not all refused at the door: many were answered, many refused for many reasons.
        #expect(statuses[0x9000, default: 0] > 10_000)
        #expect(statuses.count > 15)
    }

    @Test("10 000 commands with the issuer's keys: whatever is done, the card stays whole, and its file too", .timeLimit(.minutes(2)))
    func authenticated() throws {
        let random = SeededRandom(seed: 0xCA4E)
        let card = try furnished()
        let keys = try Cards.isdKeys(card.profile)
        var host = try Cards.issuer(card)
        var changes = 0
        for index in 0..<10_000 {
            let before = card.image
            var command = try valid(random)
            // What would end the issuer's own use of the card is left out: its state and its keys.
            if command.ins == Instruction.setStatus, command.p1 & 0x80 != 0 { command.p1 = 0x40 }
            if command.ins == Instruction.putKey { command.ins = Instruction.getStatus }
            if random.next(below: 5) == 0, !command.data.isEmpty { command.data[random.next(below: command.data.count)] ^= UInt8(1 << random.next(below: 8)) }
            if command.data.count > host.maximumPayload || command.data.first == 0xD0 || command.data.first == 0xD2 { command.data = [] }
            command.cla = 0x80
            var isOver = false
            do { isOver = try host.send(command).statusWord == .securityStatusNotSatisfied } catch is SCP03Error { isOver = true }
            if lasting(card.image) != lasting(before) { changes += 1 }
            if index.isMultiple(of: 50) { #expect(card.image.inconsistency == nil, "after command \(index)") }
            guard isOver || [Instruction.select, Instruction.manageChannel, Instruction.initializeUpdate, Instruction.externalAuthenticate].contains(command.ins) else { continue }
            card.reset()
            host = Host(card)
            try host.select(Cards.isd)
            guard try host.open(keys, version: 0x30).isSuccess else {
                Issue.record("the issuer is locked out after command \(index)")
                return
            }
        }
        #expect(changes > 100)
        #expect(card.image.inconsistency == nil)
        let directory = try PersistenceTests.Directory()
        try directory.file().save(card.image)
        #expect(try SimulatedCard(opening: directory.file()).image == card.image)
    }
}
