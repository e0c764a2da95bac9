import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import Synchronization
import Testing

@Suite("Injected faults")
struct FaultTests {
    let read = GetDataCommand.cardImageNumber.apdu

    @Test("each fault hits the command it is planned for, and no other")
    func faults() throws {
        let card = try Cards.make()
        card.inject(FaultPlan([1: .respond(.memoryFailure), 2: .flipResponseByte(2), 3: .flipCommandByte(1), 4: .dropCommand, 5: .flipResponseByte(500)]))
        let good = try card.transmit(read)
        #expect(good.statusWord == .success)
        #expect(try card.transmit(read) == ResponseAPDU(statusWord: .memoryFailure))
        #expect(try card.transmit(read).data[2] == good.data[2] ^ 0xFF)
        #expect(try card.transmit(read).statusWord == .instructionNotSupported)
        #expect(throws: SecureComponentError.transmitFailed("the command was lost")) { try card.transmit(read) }
        #expect(try card.transmit(read).statusWord == StatusWord(rawValue: 0x90FF))
        #expect(try card.transmit(read) == good)
        #expect(card.commandCount == 7)
    }

    @Test("a wrong card cryptogram shows at the host; the counter has advanced all the same")
    func cryptogram() throws {
        let card = try Cards.make()
        let host = Host(card)
        try host.select(Cards.isd)
        card.inject(.at(0, .wrongCardCryptogram))
        #expect(throws: SCP03Error.cardCryptogramMismatch) { try host.open(Cards.isdKeys(), version: 0x30) }
        #expect(card.image.keySets(of: Cards.isd).map(\.sequenceCounter) == [1])
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .success)
    }

    @Test("loss of power forgets the session")
    func power() throws {
        let card = try Cards.make()
        let host = try Cards.issuer(card)
        card.inject(.at(0, .powerCutAfter))
        #expect(throws: SecureComponentError.self) { try Cards.createDomain(host) }
        #expect(card.image.registry.contains { $0.aid == Cards.ssd })
        #expect(try host.card.transmit(host.wrap(GetStatusCommand(scope: .issuerSecurityDomain).apdu)).statusWord == .securityStatusNotSatisfied)
    }

    @Test("an observer sees commands, responses and reasons")
    func observer() throws {
        let card = try Cards.make()
        let seen = Mutex<[SimulatedCard.Exchange]>([])
        card.observe { exchange in seen.withLock { $0.append(exchange) } }
        _ = try card.transmit(read)
        _ = try card.transmit(GetDataCommand(tag: 0x0099).apdu)
        card.observe(nil)
        _ = try card.transmit(read)
        let exchanges = seen.withLock { $0 }
        #expect(exchanges.count == 2)
        #expect(exchanges.first?.command == read.bytes)
        #expect(exchanges.first?.reason == nil)
        #expect(exchanges.last?.response == [0x6A, 0x88])
        #expect(exchanges.last?.reason?.contains("0099") == true)
    }
}
