import GlobalPlatform
import SecureComponentSimulator
import Testing

@Suite("SELECT and MANAGE CHANNEL")
struct SelectionTests {
    @Test("SELECT answers the AID, a partial one finds the first, the next one the others, nothing the ISD")
    func partial() throws {
        let card = try Cards.make()
        let issuer = try Cards.issuer(card)
        #expect(try Cards.createDomain(issuer, Cards.ssd) == .success)
        #expect(try Cards.createDomain(issuer, Cards.otherSSD) == .success)
        func selected(_ name: [UInt8], next: Bool = false) throws -> AID? {
            let response = try card.transmit(SelectCommand(name: name, next: next).apdu)
            guard response.statusWord.isSuccess else { return nil }
            return try SelectResponse(parsing: response.data).aid
        }
        let prefix = Array(Cards.ssd.bytes.prefix(5))
        #expect(try selected([]) == Cards.isd)
        #expect(try selected(Cards.isd.bytes) == Cards.isd)
        #expect(try selected(prefix) == Cards.ssd)
        #expect(try selected(prefix, next: true) == Cards.otherSSD)
        #expect(try selected(prefix, next: true) == nil)
        #expect(try selected(Cards.otherSSD.bytes) == Cards.otherSSD)
        #expect(try selected([0xF0, 0x00, 0x00, 0x00, 0x01]) == nil)
    }

    @Test("SELECT with wrong parameters")
    func wrong() throws {
        let card = try Cards.make()
        #expect(try card.transmit(CommandAPDU(cla: 0, ins: 0xA4, p1: 4, p2: 1, data: Cards.isd.bytes)).statusWord == .incorrectP1P2)
        #expect(try card.transmit(CommandAPDU(cla: 0, ins: 0xA4, p1: 4, p2: 0, data: [UInt8](repeating: 1, count: 17))).statusWord == .wrongLength)
        #expect(try card.transmit(CommandAPDU(cla: 4, ins: 0xA4, p1: 4, p2: 0, data: Cards.isd.bytes)).statusWord == .secureMessagingNotSupported)
        #expect(try card.transmit(CommandAPDU(cla: 0, ins: 0xA4, p1: 0, p2: 0, data: [0x3F, 0x00])).statusWord == .instructionNotSupported)
    }

    @Test("channels open up to the profile's number, close, and are asked for by number only when open")
    func channels() throws {
        let card = try Cards.make()
        for expected in 1...3 as ClosedRange<UInt8> {
            #expect(try card.transmit(ManageChannelCommand.open.apdu) == ResponseAPDU(data: [expected], statusWord: .success))
        }
        #expect(try card.transmit(ManageChannelCommand.open.apdu).statusWord == .functionNotSupported)
        #expect(try card.transmit(ManageChannelCommand.close(2).apdu).statusWord == .success)
        #expect(try card.transmit(ManageChannelCommand.close(2).apdu).statusWord == StatusWord(rawValue: 0x6200))
        #expect(try card.transmit(ManageChannelCommand.close(9).apdu).statusWord == .logicalChannelNotSupported)
        #expect(try card.transmit(CommandAPDU(cla: 0x02, ins: 0xA4, p1: 4, p2: 0)).statusWord == .logicalChannelNotSupported)
        #expect(try card.transmit(CommandAPDU(cla: 0x01, ins: 0xA4, p1: 4, p2: 0)).statusWord == .success)
        #expect(try card.transmit(CommandAPDU(cla: 0x00, ins: 0x70, p1: 0x80, p2: 0)).statusWord == .incorrectP1P2)
    }

    @Test("a reset closes channels and forgets selections")
    func reset() throws {
        let card = try Cards.make()
        _ = try card.transmit(ManageChannelCommand.open.apdu)
        card.reset()
        #expect(try card.transmit(CommandAPDU(cla: 0x01, ins: 0xA4, p1: 4, p2: 0)).statusWord == .logicalChannelNotSupported)
    }

    @Test("classes, instructions and lengths that are none")
    func garbage() throws {
        let card = try Cards.make()
        #expect(try card.transmit([UInt8]([])) == [0x67, 0x00])
        #expect(try card.transmit([0x80, 0xCA, 0x00]) == [0x67, 0x00])
        #expect(try card.transmit([0x80, 0xCA, 0x00, 0x42, 0x05, 0x01]) == [0x67, 0x00])
        #expect(try card.transmit([0xFF, 0xCA, 0x00, 0x42, 0x00]) == [0x6E, 0x00])
        #expect(try card.transmit([0x20, 0xCA, 0x00, 0x42, 0x00]) == [0x6E, 0x00])
        #expect(try card.transmit([0x80, 0x60, 0x00, 0x42, 0x00]) == [0x6D, 0x00])
        #expect(try card.transmit([0x80, 0x02, 0x00, 0x42, 0x00]) == [0x6D, 0x00])
        #expect(try card.transmit([0x80, 0xCA, 0x00, 0x42, 0x00, 0x00, 0x00]) == [0x67, 0x00])
    }

    @Test("a Le too small: 6Cxx for GET DATA, 61xx and GET RESPONSE elsewhere")
    func lengths() throws {
        let card = try Cards.make()
        var read = GetDataCommand.cardImageNumber.apdu
        read.expectedLength = 2
        #expect(try card.transmit(read).statusWord == .correctLength(6))
        read.expectedLength = 6
        #expect(try card.transmit(read).statusWord == .success)
        var select = SelectCommand(aid: Cards.isd).apdu
        let whole = try card.transmit(select)
        select.expectedLength = 4
        let first = try card.transmit(select)
        #expect(first.data.count == 4)
        let left = try #require(first.statusWord.bytesAvailable)
        let rest = try card.transmit(CommandAPDU(cla: 0, ins: Instruction.getResponse, p1: 0, p2: 0, expectedLength: left))
        #expect(first.data + rest.data == whole.data)
        #expect(rest.statusWord == .success)
        #expect(try card.transmit(CommandAPDU(cla: 0, ins: Instruction.getResponse, p1: 0, p2: 0, expectedLength: 1)).statusWord == .conditionsNotSatisfied)
    }
}
