import GlobalPlatform
import Testing

@Suite struct CommandAPDUTests {
    static let encodings: [(CommandAPDU, String)] = [
        (CommandAPDU(cla: 0x00, ins: 0xA4, p1: 0x04, p2: 0x00), "00A40400"),
        (CommandAPDU(cla: 0x80, ins: 0xCA, p1: 0x9F, p2: 0x7F, expectedLength: 256), "80CA9F7F00"),
        (CommandAPDU(cla: 0x80, ins: 0xCA, p1: 0x00, p2: 0x66, expectedLength: 5), "80CA006605"),
        (CommandAPDU(cla: 0x80, ins: 0xE2, p1: 0x90, p2: 0x00, data: [0xF1, 0x00]), "80E2900002F100"),
        (CommandAPDU(cla: 0x80, ins: 0xF2, p1: 0x40, p2: 0x02, data: [0x4F, 0x00], expectedLength: 256), "80F24002024F0000"),
        (CommandAPDU(cla: 0x00, ins: 0xCB, p1: 0x00, p2: 0x00, expectedLength: 65536), "00CB0000000000"),
        (CommandAPDU(cla: 0x00, ins: 0xCB, p1: 0x00, p2: 0x00, expectedLength: 300), "00CB000000012C"),
        (CommandAPDU(cla: 0x00, ins: 0xCB, p1: 0x00, p2: 0x00, data: [1], expectedLength: 65536), "00CB0000000001010000"),
    ]

    @Test(arguments: encodings.indices) func encodesAndReads(_ index: Int) throws {
        let (command, hex) = Self.encodings[index]
        #expect(try command.bytes == octets(hex))
        #expect(try CommandAPDU(bytes: octets(hex)) == command)
    }

    @Test func extendedLengthsBeginAt256Bytes() throws {
        let data = Array(repeating: UInt8(7), count: 256)
        let command = CommandAPDU(cla: 0, ins: 1, p1: 2, p2: 3, data: data, expectedLength: 256)
        #expect(command.bytes == [0, 1, 2, 3, 0, 1, 0] + data + [1, 0])
        #expect(try CommandAPDU(bytes: command.bytes) == command)
        #expect(CommandAPDU(cla: 0, ins: 1, p1: 2, p2: 3, data: Array(repeating: 7, count: 65536)).bytes.isEmpty)
        #expect(!CommandAPDU(cla: 0, ins: 1, p1: 2, p2: 3, data: Array(repeating: 7, count: 255)).isExtended)
    }

    @Test(arguments: ["", "00A404", "00A4040002AA", "00A4040001AABBCC", "00A404000000", "00A404000000000000", "00A4040000000002AA", "00A40400000001AABBCCDD"])
    func refusesWhatIsNoCommand(_ hex: String) throws {
        let bytes = try octets(hex)
        #expect(throws: APDUError.self) { try CommandAPDU(bytes: bytes) }
    }

    @Test func everyShortCommandReadsBack() throws {
        var generator = TestGenerator(seed: 1)
        for _ in 0..<2000 {
            let data = generator.bytes(Int.random(in: 0...600, using: &generator))
            let expected = [nil, 1, 255, 256, 257, 65536].randomElement(using: &generator) ?? nil
            let command = CommandAPDU(cla: 0x80, ins: 0xE2, p1: 1, p2: 2, data: data, expectedLength: expected)
            #expect(try CommandAPDU(bytes: command.bytes) == command)
        }
    }

    @Test func channels() throws {
        func channel(_ cla: UInt8) -> Int { CommandAPDU(cla: cla, ins: 0, p1: 0, p2: 0).logicalChannel }
        #expect([0x00, 0x80, 0x84, 0x83, 0x8F, 0xC0, 0xCF, 0xE0, 0x4A].map(channel) == [0, 0, 0, 3, 3, 4, 19, 4, 14])
        let plain = CommandAPDU(cla: 0x80, ins: 0xF2, p1: 0, p2: 0)
        #expect(try (0...19).map { try plain.withChannel($0).logicalChannel } == Array(0...19))
        #expect(try plain.withChannel(2).cla == 0x82)
        #expect(try plain.withChannel(4).cla == 0xC0)
        let secure = plain.withSecureMessaging(true)
        #expect(secure.cla == 0x84 && secure.isSecureMessaging)
        #expect(try secure.withChannel(7).cla == 0xE3)
        #expect(try secure.withChannel(7).isSecureMessaging)
        #expect(try secure.withChannel(7).withChannel(1).cla == 0x85)
        #expect(try secure.withChannel(7).withSecureMessaging(false).cla == 0xC3)
        #expect(throws: APDUError.channel(20)) { try plain.withChannel(20) }
        #expect(throws: APDUError.channel(-1)) { try plain.withChannel(-1) }
    }
}
