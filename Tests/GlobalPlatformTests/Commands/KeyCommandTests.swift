import GlobalPlatform
import Testing

@Suite struct KeyCommandTests {
    struct NoKey: Error {}

    private func component(_ length: Int, _ encrypted: Int, _ identifier: UInt8) -> PutKeyCommand.Component {
        PutKeyCommand.Component(keyLength: length, encryptedKey: Array(repeating: identifier, count: encrypted), checkValue: [identifier, 0xCC, 0xDD])
    }

    @Test func putKeyBytes() throws {
        let command = PutKeyCommand(replacing: 0x30, newVersion: 0x31) { component(16, 16, $0) }
        let ones = String(repeating: "01", count: 16), twos = String(repeating: "02", count: 16), threes = String(repeating: "03", count: 16)
        #expect(try command.apdu().bytes == octets("80D83081 46 31 881110\(ones)0301CCDD 881110\(twos)0302CCDD 881110\(threes)0303CCDD 00"))
        #expect(try PutKeyCommand.parse(command.apdu()) == command)
        let aes192 = PutKeyCommand(newVersion: 0x31) { component(24, 32, $0) }
        #expect(try aes192.apdu().data.prefix(4) == [0x31, 0x88, 0x21, 0x18] && aes192.apdu().p1 == 0)
        #expect(try PutKeyCommand.parse(aes192.apdu()) == aes192)
        let aes256 = PutKeyCommand(newVersion: 0x31) { component(32, 32, $0) }
        #expect(try aes256.apdu().data.prefix(4) == [0x31, 0x88, 0x21, 0x20])
        #expect(try PutKeyCommand.parse(aes256.apdu()) == aes256)
        let single = PutKeyCommand(newVersion: 0x40, firstIdentifier: 2, components: [component(16, 16, 9)])
        #expect(try single.apdu().p2 == 0x02)
        #expect(try PutKeyCommand.parse(single.apdu()) == single)
    }

    @Test func recordedPutKey() throws {
        let bytes = try octets("80d800814631881110790accda858b997029fa9ae50c9cd028030138088811108caa7f589aa0ceb6350a45e70a6e435b03840de58811101445ad3442be8a465148c5667f6022c5035eaada00")
        let command = try PutKeyCommand.parse(CommandAPDU(bytes: bytes))
        #expect(command.newVersion == 0x31 && command.components.map(\.checkValue) == [[0x01, 0x38, 0x08], [0x84, 0x0D, 0xE5], [0x5E, 0xAA, 0xDA]])
        #expect(try command.apdu().bytes == bytes)
        #expect(try PutKeyResponse(parsing: octets("31013808840de55eaada")).checkValues == command.components.map(\.checkValue))
    }

    @Test func withoutInnerLength() throws {
        let key = String(repeating: "AB", count: 16)
        let command = try PutKeyCommand.parse(CommandAPDU(bytes: octets("80D80081 43 31 8810\(key)03010203 8810\(key)03010203 8810\(key)03010203 00")))
        #expect(command.components.count == 3 && command.components.allSatisfy { $0.keyLength == 16 && $0.encryptedKey.count == 16 })
    }

    @Test func theClosuresErrorIsTheCallers() {
        #expect(throws: NoKey.self) { try PutKeyCommand(newVersion: 0x31) { _ throws(NoKey) in throw NoKey() } }
    }

    @Test func refuses() throws {
        #expect(throws: FormatError.self) { try PutKeyCommand(newVersion: 0, components: [component(16, 16, 1)]).apdu() }
        #expect(throws: FormatError.self) { try PutKeyCommand(newVersion: 0x80, components: [component(16, 16, 1)]).apdu() }
        #expect(throws: FormatError.self) { try PutKeyCommand(newVersion: 1, components: []).apdu() }
        #expect(throws: FormatError.self) { try PutKeyCommand(newVersion: 1, components: [component(24, 24, 1)]).apdu() }
        #expect(throws: FormatError.self) { try PutKeyCommand(newVersion: 1, components: [component(17, 32, 1)]).apdu() }
        let key = String(repeating: "AB", count: 16)
        for hex in ["80D80081 00", "80D80080 16 31 881110\(key)03010203 00", "80D80081 16 31 881110\(key)03010203 00", "80D80001 15 31 881110\(key)020102 00",
                    "80D80001 16 31 821110\(key)03010203 00", "80D80001 16 31 881118\(key)03010203 00", "80D80001 16 00 881110\(key)03010203 00",
                    "80D88001 16 31 881110\(key)03010203 00", "80D80001 0F 31 8811101122334455667788990011"] {
            #expect(throws: (any Error).self, "\(hex)") { try PutKeyCommand.parse(CommandAPDU(bytes: octets(hex))) }
        }
    }

    @Test func firstKeysBytes() throws {
        let keys = FirstKeySet(version: 0x30, encryption: component(16, 16, 1), mac: component(16, 16, 2), dataEncryption: component(16, 16, 3))
        let ones = String(repeating: "01", count: 16), twos = String(repeating: "02", count: 16), threes = String(repeating: "03", count: 16)
        let commands = try keys.commands(maximumPayload: 239)
        #expect(commands.count == 1)
        #expect(try commands[0].apdu.bytes == octets("""
            80E28800 8D \
            00B919 B917 950138 960100 800188 810110 820101 830130 840301CCDD 811310\(ones) \
            00B919 B917 950134 960100 800188 810110 820102 830130 840302CCDD 811310\(twos) \
            00B919 B917 9501C8 960100 800188 810110 820103 830130 840303CCDD 811310\(threes)
            """))
        #expect(try FirstKeySet(parsing: commands[0].data) == keys)
        #expect(try keys.commands(maximumPayload: 239, encryption: .applicationDependent)[0].p1 == 0xA8)
    }

    @Test(arguments: [(16, 16, 1), (24, 32, 1), (32, 32, 1)]) func firstKeysFitOneCommandAtEverySize(_ length: Int, _ encrypted: Int, _ count: Int) throws {
        let keys = FirstKeySet(version: 0x30, encryption: component(length, encrypted, 1), mac: component(length, encrypted, 2), dataEncryption: component(length, encrypted, 3))
        let commands = try keys.commands(maximumPayload: 239)
        #expect(commands.count == count)
        #expect(try FirstKeySet(parsing: commands.flatMap(\.data)) == keys)
    }

    @Test func firstKeysWithAllReferencesFirst() throws {
        let keys = FirstKeySet(version: 0x30, encryption: component(32, 32, 1), mac: component(32, 32, 2), dataEncryption: component(32, 32, 3))
        let groupings = try keys.groupings()
        let references = groupings.filter { $0.identifier == 0x00B9 }.flatMap(\.data)
        let values = groupings.filter { $0.identifier == 0x8113 }.flatMap(\.data)
        #expect(try FirstKeySet(parsing: DGI(0x00B9, references).encoded() + DGI(0x8113, values).encoded()) == keys)
        #expect(throws: FormatError.self) { try FirstKeySet(parsing: DGI(0x00B9, references).encoded()) }
        #expect(throws: FormatError.self) { try FirstKeySet(parsing: DGI(0x8113, values).encoded()) }
        #expect(throws: FormatError.self) { try FirstKeySet(parsing: DGI(0x00B9, references).encoded() + DGI(0x8113, Array(values.dropLast())).encoded()) }
        #expect(throws: FormatError.self) { try FirstKeySet(parsing: DGI(0x0070, []).encoded()) }
        #expect(throws: FormatError.self) { try FirstKeySet(parsing: []) }
    }
}
