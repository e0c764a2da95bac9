import GlobalPlatform
import SecureComponentSimulator
import Testing

@Suite("Whatever comes")
struct FuzzTests {
    /// All but what anybody may change: sequence counters of key sets.
    private func authenticatedState(_ image: CardImage) -> [String] {
        let entries = image.registry.map { Hex.encode($0.encoded().bytes) }
        let keys = image.registry.filter(\.isSecurityDomain).flatMap { image.keySets(of: $0.aid).map { "\($0.version)" } }
        return entries + keys + (image.accessRules ?? []).map { Hex.encode($0.encoded.bytes) } + ["\(image.freeMemory(for: Cards.isd))"]
    }

    private static let instructions: [UInt8] = [
        0x50, 0x82, 0xA4, 0xC0, 0xCA, 0xD8, 0xE2, 0xE4, 0xE6, 0xE8, 0xF0, 0xF2, 0x70, 0x10, 0x12, 0x20, 0x30, 0xB0, 0xD0,
    ]

    private func randomCommand(_ random: SeededRandom, _ aids: [AID]) throws -> [UInt8] {
        switch random.next(below: 10) {
        case 0: return try random.bytes(random.next(below: 40))
        case 1: return SelectCommand(aid: aids[random.next(below: aids.count)]).apdu.bytes
        default:
            let classes: [UInt8] = [0x00, 0x01, 0x80, 0x84, 0x81, 0x85, 0x04, 0xC0, 0xE0, random.byte()]
            var data = try random.bytes(random.next(below: 64))
            if random.next(below: 2) == 0 {
                let aid = aids[random.next(below: aids.count)]
                data = [0x4F, UInt8(aid.bytes.count)] + aid.bytes + data.prefix(random.next(below: 8))
            }
            let parameters: [UInt8] = [0x00, 0x01, 0x02, 0x04, 0x08, 0x0C, 0x10, 0x20, 0x30, 0x31, 0x40, 0x80, 0x90, random.byte()]
            return CommandAPDU(
                cla: classes[random.next(below: classes.count)], ins: random.next(below: 8) == 0 ? random.byte() : Self.instructions[random.next(below: Self.instructions.count)],
                p1: parameters[random.next(below: parameters.count)], p2: parameters[random.next(below: parameters.count)], data: data,
                expectedLength: random.next(below: 2) == 0 ? nil : 1 + random.next(below: 256)
            ).bytes
        }
    }

    @Test("50 000 random commands: no crash, and nothing changes that needs authentication")
    func unauthenticated() throws {
        let random = SeededRandom(seed: 0xF022)
        let card = try Cards.make()
        _ = try Cards.withDomain(card)
        card.reset()
        let before = authenticatedState(card.image)
        let aids = [Cards.isd, Cards.ssd, .accessRuleApplicationMaster, .securityDomainPackage, Cards.otherSSD]
        for index in 0..<50_000 {
            let response = try card.transmit(randomCommand(random, aids))
            #expect(response.count >= 2)
            if index.isMultiple(of: 5_000) { card.reset() }
        }
        #expect(authenticatedState(card.image) == before)
    }

    @Test("5 000 random commands inside sessions: no crash, the card stays whole", .timeLimit(.minutes(5)))
    func authenticated() throws {
        let random = SeededRandom(seed: 0xF023)
        let card = try Cards.make()
        let aids = [Cards.isd, Cards.ssd, .accessRuleApplicationMaster, .securityDomainPackage, Cards.otherSSD]
        var host = try Cards.issuer(card)
        for _ in 0..<5_000 {
            var command = (try? CommandAPDU(bytes: randomCommand(random, aids))) ?? GetStatusCommand(scope: .applications).apdu
            // What ends the issuer's own use of the card is left out: its state and its keys.
            if command.ins == Instruction.setStatus, command.p1 == 0x80 { command.p1 = 0x40 }
            if command.ins == Instruction.putKey || (command.ins == Instruction.delete && command.data.first == 0xD2) { command.ins = Instruction.getStatus }
            command.cla = 0x80
            if command.data.count > host.maximumPayload { command.data = [] }
            do { _ = try host.send(command) } catch is SCP03Error {}
            if card.image.registry.isEmpty { Issue.record("the registry is empty") }
            if let again = try? host.status(GetStatusCommand(scope: .issuerSecurityDomain).apdu), again == .success { continue }
            card.reset()
            host = try Cards.issuer(card)
        }
        #expect(try Cards.issuer(card).registry(.issuerSecurityDomain).count == 1)
    }

    @Test("every truncation of real commands is answered by an error or does no harm")
    func truncated() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        let parameters = SecurityDomainParameters(secureChannels: [])
        let commands: [CommandAPDU] = [
            try InstallCommand.install(InstallForInstall(securityDomain: Cards.ssd, parameters: parameters)).apdu(),
            try InstallCommand.load(InstallForLoad(loadFile: Cards.ssd, securityDomain: Cards.isd)).apdu(),
            try PutKeyCommand(newVersion: 0x31, components: [Cards.components(Cards.keys(0x33), under: Cards.isdKeys())[0]]).apdu(), GetStatusCommand(scope: .applications, aid: Cards.ssd).apdu,
        ]
        for command in commands {
            for length in 0..<command.data.count {
                var cut = command
                cut.data = Array(command.data.prefix(length))
                let status = try host.status(cut)
                #expect(!status.isSuccess, "\(Instruction.name(command.ins)) cut to \(length): \(status)")
            }
        }
        #expect(card.image.keySets(of: Cards.isd).map(\.version) == [0x30])
    }
}
