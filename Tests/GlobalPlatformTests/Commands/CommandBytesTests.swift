import GlobalPlatform
import Testing

/// Every builder against the bytes of GPCS 2.3.1, written out by hand, and every one of them read back by the card's parser.
@Suite struct CommandBytesTests {
    let ssd: AID
    let elf: AID
    let module: AID
    let instance: AID

    init() throws {
        ssd = try AID(hex: "D27600016554534401")
        elf = try AID(hex: "F054534D530101")
        module = try AID(hex: "F054534D53010101")
        instance = try AID(hex: "F054534D53010101AA")
    }

    @Test func select() throws {
        #expect(try SelectCommand(aid: .issuerSecurityDomain).apdu.bytes == octets("00A40400 08 A000000151000000 00"))
        #expect(try SelectCommand(name: []).apdu.bytes == octets("00A4040000"))
        #expect(try SelectCommand(name: [0xA0, 0, 0, 1], next: true).apdu.bytes == octets("00A40402 04 A0000001 00"))
        for command in [SelectCommand(aid: ssd), SelectCommand(name: []), SelectCommand(name: [1], next: true)] {
            #expect(try SelectCommand.parse(command.apdu) == command)
        }
        #expect(throws: FormatError.self) { try SelectCommand.parse(CommandAPDU(cla: 0, ins: 0xA4, p1: 0, p2: 0)) }
        #expect(throws: FormatError.self) { try SelectCommand.parse(CommandAPDU(cla: 0, ins: 0xA4, p1: 4, p2: 0, data: Array(repeating: 1, count: 17))) }
    }

    @Test func manageChannel() throws {
        #expect(try ManageChannelCommand.open.apdu.bytes == octets("0070000001"))
        #expect(try ManageChannelCommand.close(2).apdu.bytes == octets("00708002"))
        for command in [ManageChannelCommand.open, .close(19)] { #expect(try ManageChannelCommand.parse(command.apdu) == command) }
        #expect(try ManageChannelCommand.channel(from: [1]) == 1)
        for response in [[], [0], [20], [1, 2]] as [[UInt8]] { #expect(throws: FormatError.self) { try ManageChannelCommand.channel(from: response) } }
        #expect(throws: FormatError.self) { try ManageChannelCommand.parse(CommandAPDU(cla: 0, ins: 0x70, p1: 0x80, p2: 0)) }
    }

    @Test func getData() throws {
        let table: [(GetDataCommand, String)] = [
            (.cardProductionLifeCycle, "80CA9F7F00"), (.issuerIdentificationNumber, "80CA004200"), (.cardImageNumber, "80CA004500"),
            (.cardRecognitionData, "80CA006600"), (.cardCapabilityInformation, "80CA006700"), (.keyInformation, "80CA00E000"),
            (.extendedCardResources, "80CAFF2100"), (.keyDiversificationData, "80CA00CF00"), (.sequenceCounter, "80CA00C100"),
            (.allAccessRules, "80CAFF4000"), (.nextAccessRules, "80CAFF6000"), (.accessRulesRefreshTag, "80CADF2000"), (.accessRulesConfiguration, "80CADF2100"),
            (try AccessRuleResponse.query(.aid(octets("A000000600010001EE05FE")), .any), "80CAFF5011E10F4F0BA000000600010001EE05FEC10000"),
        ]
        for (command, hex) in table {
            #expect(try command.apdu.bytes == octets(hex))
            #expect(try GetDataCommand.parse(CommandAPDU(bytes: octets(hex))) == command)
        }
    }

    @Test func getStatus() throws {
        #expect(try GetStatusCommand(scope: .applications, aid: ssd).apdu.bytes == octets("80f240020b4f09d2760001655453440100"))
        #expect(try GetStatusCommand(scope: .issuerSecurityDomain).apdu.bytes == octets("80F28002024F0000"))
        #expect(try GetStatusCommand(scope: .loadFiles).nextPage.apdu.bytes == octets("80F22003024F0000"))
        let listed = GetStatusCommand(scope: .loadFilesAndModules, aidPrefix: [0xF0], tagList: [0x4F, 0x9F70, 0xC5])
        #expect(try listed.apdu.bytes == octets("80F21002 09 4F01F0 5C044F9F70C5 00"))
        let old = GetStatusCommand(scope: .applications, oldForm: true, criteria: [TLV(0x9F70, [0x07])])
        #expect(try old.apdu.bytes == octets("80F24000064F009F70010700"))
        for command in [GetStatusCommand(scope: .applications, aid: ssd), listed, listed.nextPage, old, old.nextPage] { #expect(try GetStatusCommand.parse(command.apdu) == command) }
        for hex in ["80F2C002024F0000", "80F24004024F0000", "80F24000054F005C014F00", "80F2400200", "80F24002025C0000", "80F24002044F005D0000", "80F24002054F005C019F00"] {
            #expect(throws: FormatError.self, "\(hex)") { try GetStatusCommand.parse(CommandAPDU(bytes: octets(hex))) }
        }
    }

    @Test func setStatus() throws {
        let app = try AID(hex: "d2760001650101")
        #expect(try SetStatusCommand.lock(app).apdu.bytes == octets("80f0408007d2760001650101"))
        #expect(try SetStatusCommand.unlock(app).apdu.bytes == octets("80f0400007d2760001650101"))
        #expect(try SetStatusCommand.personalized(ssd).apdu.bytes == octets("80F0400F09D27600016554534401"))
        #expect(try SetStatusCommand.card(.cardLocked).apdu.bytes == octets("80F0807F"))
        #expect(try SetStatusCommand(scope: .securityDomainAndApplications, stateControl: 0x80, aid: ssd).apdu.bytes == octets("80F0608009D27600016554534401"))
        for command in [SetStatusCommand.lock(app), .unlock(app), .card(.secured)] { #expect(try SetStatusCommand.parse(command.apdu) == command) }
        #expect(throws: FormatError.self) { try SetStatusCommand.parse(CommandAPDU(bytes: octets("80F0408002D276"))) }
        #expect(throws: FormatError.self) { try SetStatusCommand.parse(CommandAPDU(bytes: octets("80F0418007D2760001650101"))) }
    }

    @Test func delete() throws {
        #expect(try DeleteCommand.object(AID(hex: "d27600016500"), related: true).apdu.bytes == octets("80e40080084f06d2760001650000"))
        #expect(try DeleteCommand.object(instance).apdu.bytes == octets("80E400000B4F09F054534D53010101AA00"))
        #expect(try DeleteCommand.object(elf, related: false, token: [1, 2]).apdu.bytes == octets("80E400000D4F07F054534D5301019E02010200"))
        #expect(try DeleteCommand.key(identifier: 1, version: 0x31).apdu.bytes == octets("80E4000006D00101D2013100"))
        let commands: [DeleteCommand] = [.object(instance), .object(elf, related: true), .object(elf, related: false, token: [1]), .key(identifier: 1, version: 0x31),
                                         .key(identifier: nil, version: 0x30)]
        for command in commands { #expect(try DeleteCommand.parse(command.apdu) == command) }
        for hex in ["80E4000000", "80E4010009 4F07F054534D530101 00", "80E40000034F01F000", "80E4008003D0010100", "80E4000006D00101D0010200", "80E4000002D00000"] {
            #expect(throws: FormatError.self, "\(hex)") { try DeleteCommand.parse(CommandAPDU(bytes: octets(hex))) }
        }
    }

    @Test func load() throws {
        #expect(try LoadCommand(blockNumber: 3, isLast: false, block: [1, 2]).apdu.bytes == octets("80E80003 02 0102 00"))
        #expect(try LoadCommand(blockNumber: 255, isLast: true, block: [1]).apdu.bytes == octets("80E880FF 01 01 00"))
        var generator = TestGenerator(seed: 3)
        for size in [1, 238, 239, 240, 478, 479, 5000, 61184] {
            let file = generator.bytes(size)
            let blocks = try LoadCommand.split(loadFile: file, maximumPayload: 239)
            #expect(blocks.flatMap(\.block) == file)
            #expect(blocks.map(\.isLast) == Array(repeating: false, count: blocks.count - 1) + [true])
            #expect(blocks.map { Int($0.blockNumber) } == Array(0..<blocks.count))
            #expect(blocks.allSatisfy { $0.block.count <= 239 })
            for block in blocks { #expect(try LoadCommand.parse(block.apdu) == block) }
        }
        #expect(throws: FormatError.self) { try LoadCommand.split(loadFile: Array(repeating: 0, count: 61185), maximumPayload: 239) }
        #expect(throws: FormatError.self) { try LoadCommand.split(loadFile: [], maximumPayload: 239) }
        #expect(throws: FormatError.self) { try LoadCommand.split(loadFile: [1], maximumPayload: 0) }
        #expect(throws: FormatError.self) { try LoadCommand.parse(CommandAPDU(bytes: octets("80E8000000"))) }
        #expect(throws: FormatError.self) { try LoadCommand.parse(CommandAPDU(bytes: octets("80E801000101"))) }
    }

    @Test func storeData() throws {
        #expect(try StoreDataCommand(structure: .berTLV, data: [0xF1, 0x00]).apdu.bytes == octets("80E2900002F100"))
        #expect(try StoreDataCommand(structure: .dgi, encryption: .applicationDependent, data: [1]).apdu.bytes == octets("80E2A8000101"))
        #expect(try StoreDataCommand(blockNumber: 2, isLast: false, structure: .dgi, encryption: .encrypted, expectsResponse: true, data: [1]).apdu.bytes == octets("80E26902010100"))
        let blocks = try StoreDataCommand.split(Array(repeating: 7, count: 500), structure: .berTLV, maximumPayload: 239)
        #expect(blocks.map(\.p1) == [0x10, 0x10, 0x90] && blocks.map(\.data.count) == [239, 239, 22] && blocks.map(\.blockNumber) == [0, 1, 2])
        #expect(try StoreDataCommand.split([], structure: .unspecified, maximumPayload: 239).map(\.p1) == [0x80])
        let packed = try StoreDataCommand.pack([Array(repeating: 1, count: 100), Array(repeating: 2, count: 140), Array(repeating: 3, count: 300), [4]], structure: .dgi, maximumPayload: 239)
        #expect(packed.map(\.data.count) == [100, 140, 239, 61, 1] && packed.map(\.isLast) == [false, false, false, false, true])
        for block in blocks + packed { #expect(try StoreDataCommand.parse(block.apdu) == block) }
        for hex in ["80E2980001 01", "80E2C00001 01", "80E2820001 01", "80E4900001 01"] { #expect(throws: FormatError.self) { try StoreDataCommand.parse(CommandAPDU(bytes: octets(hex))) } }
        #expect(throws: FormatError.self) { try StoreDataCommand.split(Array(repeating: 0, count: 257), structure: .dgi, maximumPayload: 1) }
    }
}
