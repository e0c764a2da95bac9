import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("Logical channels and what each remembers")
struct ChannelStateTests {
    let anyRegistry = GetStatusCommand(scope: .issuerSecurityDomain).apdu
    let instance = Cards.aid("f054534d5301010101")

    private func open(_ card: SimulatedCard, on channel: Int = 0) throws -> ResponseAPDU { try card.transmit(ManageChannelCommand.open.apdu.withChannel(channel)) }

    private func selected(_ card: SimulatedCard, _ channel: Int) throws -> AID? {
        let response = try card.transmit(GetDataCommand.cardRecognitionData.apdu.withChannel(channel))
        return response.statusWord.isSuccess ? card.profile.issuerSecurityDomain : nil
    }

    @Test("twenty channels, each with a session of its own at a level of its own, whatever form of class byte names it")
    func twenty() throws {
        let card = try Cards.make(.eUICC)
        var hosts = [Host(card)]
        for number in 1..<20 {
            #expect(try open(card) == ResponseAPDU(data: [UInt8(number)], statusWord: .success))
            hosts.append(Host(card, channel: number))
        }
        #expect(try open(card).statusWord == .functionNotSupported)
        #expect(card.openChannels == 20)
        let levels: [UInt8] = [0x01, 0x03, 0x11, 0x13, 0x33]
        for host in hosts {
            try host.select(Cards.isd)
            #expect(try host.open(Cards.isdKeys(card.profile), version: 0x30, level: SecurityLevel(rawValue: levels[host.channel % 5])) == .success)
        }
        // One after the other and in turns: no chaining value or counter of one is another's.
        for round in 0..<3 {
            for host in round == 1 ? hosts.reversed() : hosts { #expect(try host.status(anyRegistry) == .success, "channel \(host.channel)") }
        }
        // The end of one session is the end of that one.
        #expect(try hosts[7].plain(anyRegistry).statusWord == .securityStatusNotSatisfied)
        for host in hosts where host.channel != 7 { #expect(try host.status(anyRegistry) == .success) }
        #expect(try card.transmit(hosts[7].wrap(anyRegistry)).statusWord == .securityStatusNotSatisfied)
        card.reset()
        #expect(card.openChannels == 1)
        for host in hosts {
            #expect(try card.transmit(host.wrap(anyRegistry)).statusWord == (host.channel == 0 ? .securityStatusNotSatisfied : .logicalChannelNotSupported))
        }
    }

    @Test("a closed channel's number is given again, and nothing of it is remembered")
    func reopened() throws {
        let card = try Cards.make()
        _ = try open(card)
        let host = Host(card, channel: 1)
        try host.select(Cards.isd)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
        #expect(try host.status(.load(InstallForLoad(loadFile: Cards.aid("f054534d530101")))) == .success)
        // Closed by itself.
        #expect(try card.transmit(ManageChannelCommand.close(1).apdu.withChannel(1)).statusWord == .success)
        #expect(try open(card).data == [1])
        #expect(try card.transmit(host.wrap(anyRegistry)).statusWord == .securityStatusNotSatisfied)
    }

    @Test("data that waits for GET RESPONSE waits on its own channel")
    func pending() throws {
        let card = try Cards.make()
        _ = try open(card)
        var select = SelectCommand(aid: Cards.isd).apdu
        select.expectedLength = 4
        let waiting = try card.transmit(select)
        #expect(waiting.statusWord.bytesAvailable != nil)
        let getResponse = CommandAPDU(cla: 0, ins: Instruction.getResponse, p1: 0, p2: 0, expectedLength: 256)
        #expect(try card.transmit(getResponse.withChannel(1)).statusWord == .conditionsNotSatisfied)
        #expect(try card.transmit(getResponse).statusWord == .success)
        #expect(try card.transmit(getResponse).statusWord == .conditionsNotSatisfied)
    }

    @Test("classes of command chaining, of secure messaging without a session, and of channels that no form codes")
    func classes() throws {
        let card = try Cards.make(.eUICC)
        let data = GetDataCommand.cardImageNumber.apdu
        for cla: UInt8 in [0x10, 0x90, 0x93, 0x50, 0xD0, 0xF1] {
            #expect(try card.transmit(CommandAPDU(cla: cla, ins: data.ins, p1: data.p1, p2: data.p2, expectedLength: 256)).statusWord == StatusWord(rawValue: 0x6884), "\(cla)")
        }
        for cla: UInt8 in [0x41, 0xC0, 0xCF, 0x03, 0x82] {
            #expect(try card.transmit(CommandAPDU(cla: cla, ins: data.ins, p1: data.p1, p2: data.p2, expectedLength: 256)).statusWord == .logicalChannelNotSupported, "\(cla)")
        }
        for cla: UInt8 in [0x84, 0x88, 0x8C] {
            #expect(try card.transmit(CommandAPDU(cla: cla, ins: data.ins, p1: data.p1, p2: data.p2, expectedLength: 256)).statusWord == .securityStatusNotSatisfied, "\(cla)")
        }
        for cla: UInt8 in [0x20, 0xA0, 0xBF, 0x3F, 0xFF] {
            #expect(try card.transmit(CommandAPDU(cla: cla, ins: data.ins, p1: data.p1, p2: data.p2, expectedLength: 256)).statusWord == .classNotSupported, "\(cla)")
        }
    }

    @Test("an implicitly selectable application is what its channel begins with: after a reset, after opening, and not while it is locked")
    func defaults() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let ticket = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        #expect(try host.load(ticket) == .success)
        func install(_ aid: AID, _ implicit: [UInt8]) throws {
            let parameters = InstallParameters(applicationSpecific: [], system: SystemParameters(implicitSelection: implicit))
            #expect(try host.status(.install(InstallForInstall(
                loadFile: ticket.packageAID, module: ticket.applets[0].aid, application: aid, parameters: parameters, makeSelectable: true))) == .success)
        }
        let second = Cards.aid("f054534d5301010102")
        // Contact, basic channel; contactless, channel 2.
        try install(instance, [0x40])
        try install(second, [0x82])
        #expect(try selected(card, 0) == nil)
        card.reset()
        let version = CommandAPDU(cla: 0x80, ins: 0x30, p1: 0, p2: 0, expectedLength: 256)
        #expect(try card.transmit(version) == ResponseAPDU(data: [1, 0], statusWord: .success))
        #expect(try open(card).data == [1])
        #expect(try selected(card, 1) == Cards.isd)
        #expect(try open(card).data == [2])
        #expect(try card.transmit(version.withChannel(2)).statusWord == .success)
        // SELECT without a name is the Issuer Security Domain all the same.
        #expect(try SelectResponse(parsing: card.transmit(SelectCommand(name: []).apdu).data).aid == Cards.isd)
        // Opened from channel 2, a channel begins with what is selected there, which is selected once only.
        #expect(try open(card, on: 2).statusWord == .conditionsNotSatisfied)
        #expect(try open(card, on: 1).data == [3])
        #expect(try selected(card, 3) == Cards.isd)
        card.reset()
        let again = Host(card)
        try again.select(Cards.ssd)
        #expect(try again.open(Cards.keys(0x22), version: 0x30) == .success)
        #expect(try again.status(SetStatusCommand.lock(instance).apdu) == .success)
        card.reset()
        #expect(try card.transmit(version).statusWord != .success)
        #expect(try selected(card, 0) == Cards.isd)
    }

    @Test("the next occurrence goes on behind what is selected, whatever that is")
    func next() throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        let aids = ["f054534d5301", "f054534d5302", "f054534d530201"].map { Cards.aid($0) }
        for aid in aids { #expect(try Cards.createDomain(issuer, aid) == .success) }
        func select(_ name: [UInt8], next: Bool = true) throws -> AID? {
            let response = try card.transmit(SelectCommand(name: name, next: next).apdu)
            return response.statusWord.isSuccess ? try SelectResponse(parsing: response.data).aid : nil
        }
        let prefix = Array(aids[0].bytes.prefix(5))
        // From the Issuer Security Domain, which begins otherwise.
        #expect(try select(prefix) == aids[0])
        #expect(try select(prefix) == aids[1])
        #expect(try select(prefix) == aids[2])
        #expect(try select(prefix) == nil)
        // What is selected stays after a search in vain.
        #expect(try select(aids[1].bytes) == nil)
        // A full match comes first; the next one is what merely begins so.
        #expect(try select(aids[1].bytes, next: false) == aids[1])
        #expect(try select(aids[1].bytes) == aids[2])
        #expect(try select(aids[1].bytes) == nil)
        #expect(try issuer.select(Cards.isd).statusWord == .success)
        #expect(try card.transmit(SelectCommand(name: [], next: true).apdu).statusWord == .incorrectP1P2)
    }
}
