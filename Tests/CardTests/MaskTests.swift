import GlobalPlatform
import SecureComponent
import Testing

@Suite("What a transcript tells")
struct MaskTests {
    private let domainAnswer = SelectResponse(aid: .issuerSecurityDomain, managementData: []).bytes + [0x90, 0x00]
    private let applicationAnswer: [UInt8]
    private let secret: [UInt8] = [0xDE, 0xAD, 0xBE, 0xEF, 0xDE, 0xAD, 0xBE, 0xEF]

    init() throws {
        applicationAnswer = SelectResponse(aid: try AID(hex: "f054534d5301")).bytes + [0x90, 0x00]
    }

    private func selected(_ aid: String, _ answer: [UInt8], channel: Int = 0) throws -> SecretMask {
        var mask = SecretMask()
        let told = mask.mask(command: try SelectCommand(aid: AID(hex: aid)).apdu.withChannel(channel).bytes, response: answer)
        #expect(!told.command.isMasked && !told.response.isMasked)
        return mask
    }

    private func domain() throws -> SecretMask { try selected("a000000151000000", domainAnswer) }

    private func apdu(_ cla: UInt8, _ ins: UInt8, _ p1: UInt8, _ p2: UInt8, le: Int? = nil) -> [UInt8] {
        CommandAPDU(cla: cla, ins: ins, p1: p1, p2: p2, data: secret, expectedLength: le).bytes
    }

    @Test("in a security domain: what carries keys or an application's data is masked to header, lengths and status word", arguments: [
        (0x80, 0xD8, 0x00), (0x84, 0xD8, 0x00), (0x80, 0xE2, 0x80), (0x84, 0xE2, 0x00), (0x84, 0xE8, 0x00), (0x84, 0xE6, 0x0C), (0x80, 0xE6, 0x04), (0x80, 0xE6, 0x08),
        (0x00, 0x20, 0x00), (0x00, 0x24, 0x00), (0x80, 0x24, 0x00), (0x00, 0xDA, 0x01), (0x80, 0x88, 0x00), (0x80, 0x00, 0x00),
    ] as [(UInt8, UInt8, UInt8)])
    func masked(_ cla: UInt8, _ ins: UInt8, _ p1: UInt8) throws {
        var mask = try domain()
        let told = mask.mask(command: apdu(cla, ins, p1, 0x00, le: 256), response: secret + [0x90, 0x00])
        #expect(told.command.description == Hex.encode([cla, ins, p1, 0x00, 0x08]) + String(repeating: "xx", count: 8) + "00")
        let isInstall = ins == 0xE6
        #expect(told.response.description == (isInstall ? Hex.encode(secret) : String(repeating: "xx", count: 8)) + "9000")
    }

    @Test("in a security domain: what manages content is told", arguments: [
        (0x80, 0x50, 0x30), (0x84, 0x82, 0x33), (0x84, 0xF2, 0x40), (0x84, 0xE4, 0x00), (0x84, 0xF0, 0x40), (0x84, 0xE6, 0x02), (0x84, 0xE6, 0x20),
    ] as [(UInt8, UInt8, UInt8)])
    func told(_ cla: UInt8, _ ins: UInt8, _ p1: UInt8) throws {
        var mask = try domain()
        let told = mask.mask(command: apdu(cla, ins, p1, 0x00), response: secret + [0x90, 0x00])
        #expect(!told.command.isMasked && !told.response.isMasked)
        // The same to an application, or to nobody known, is something else.
        var other = try selected("f054534d5301", applicationAnswer)
        var unknown = SecretMask()
        for hidden in [other.mask(command: apdu(cla, ins, p1, 0x00), response: secret + [0x90, 0x00]), unknown.mask(command: apdu(cla, ins, p1, 0x00), response: secret + [0x90, 0x00])] {
            #expect(hidden.command.isMasked && hidden.response.description.hasSuffix("xx9000"))
        }
    }

    @Test("GET DATA: what every card tells, what a domain tells, and nothing else")
    func dataObjects() throws {
        func isTold(_ mask: inout SecretMask, _ tag: UInt16) -> Bool { !mask.mask(command: GetDataCommand(tag: tag).apdu.bytes, response: secret + [0x90, 0x00]).response.isMasked }
        var domain = try domain()
        var application = try selected("f054534d5301", applicationAnswer)
        var rules = try selected("a00000015141434c00", [0x90, 0x00])
        for tag: UInt16 in [0x9F7F, 0x42, 0x45, 0x66, 0x67, 0xFF21] { #expect(isTold(&domain, tag) && isTold(&application, tag)) }
        for tag: UInt16 in [0xE0, 0xC1, 0xCF] { #expect(isTold(&domain, tag) && !isTold(&application, tag)) }
        for tag: UInt16 in [0xFF40, 0xDF20] { #expect(isTold(&rules, tag) && !isTold(&domain, tag)) }
        for tag: UInt16 in [0x5F20, 0x0101, 0x00C8] { #expect(!isTold(&domain, tag) && !isTold(&application, tag)) }
    }

    @Test("each channel has its own selection; a reset forgets all of them, a failed SELECT none")
    func channels() throws {
        var mask = try domain()
        let list = GetStatusCommand(scope: .applications).apdu
        func isTold(_ command: CommandAPDU) -> Bool { !mask.mask(command: command.bytes, response: secret + [0x90, 0x00]).response.isMasked }
        #expect(isTold(list))
        #expect(!isTold(try list.withChannel(1)))
        _ = mask.mask(command: ManageChannelCommand.open.apdu.bytes, response: [0x01, 0x90, 0x00])
        _ = mask.mask(command: try SelectCommand(aid: .issuerSecurityDomain).apdu.withChannel(1).bytes, response: domainAnswer)
        #expect(isTold(try list.withChannel(1)))
        _ = mask.mask(command: try SelectCommand(name: [1, 2, 3, 4, 5]).apdu.withChannel(1).bytes, response: [0x6A, 0x82])
        #expect(isTold(try list.withChannel(1)))
        _ = mask.mask(command: ManageChannelCommand.close(1).apdu.bytes, response: [0x90, 0x00])
        #expect(!isTold(try list.withChannel(1)))
        mask.reset()
        #expect(!isTold(list))
    }

    @Test("GET RESPONSE is told when what it continues is")
    func getResponse() throws {
        let rest: [UInt8] = [0x00, 0xC0, 0x00, 0x00, 0x08]
        var mask = try domain()
        _ = mask.mask(command: GetDataCommand.cardRecognitionData.apdu.bytes, response: [0x61, 0x08])
        #expect(!mask.mask(command: rest, response: secret + [0x61, 0x08]).response.isMasked)
        #expect(!mask.mask(command: rest, response: secret + [0x90, 0x00]).response.isMasked)
        _ = mask.mask(command: apdu(0x80, 0xE2, 0x80, 0x00), response: [0x61, 0x08])
        #expect(mask.mask(command: rest, response: secret + [0x90, 0x00]).response.description == String(repeating: "xx", count: 8) + "9000")
    }

    @Test("extended lengths and things that are no command hide as much")
    func odd() throws {
        var mask = try domain()
        let long = CommandAPDU(cla: 0x80, ins: 0xE2, p1: 0x80, p2: 0x00, data: [UInt8](repeating: 0xDE, count: 300), expectedLength: 65536)
        #expect(mask.mask(command: long.bytes, response: [0x90, 0x00]).command.description == "80e2800000012c" + String(repeating: "xx", count: 300) + "0000")
        let short: [UInt8] = [0x80, 0xE2, 0x80, 0x00, 0x00, 0x00, 0x02, 0xDE, 0xAD]
        #expect(mask.mask(command: short, response: [0x90, 0x00]).command.description == "80e28000000002xxxx")
        #expect(mask.mask(command: [0x80, 0xE2, 0x80, 0x00, 0x09, 0xDE, 0xAD], response: [0x67, 0x00]).command.description == "80e28000xxxxxx")
        #expect(mask.mask(command: [0x80], response: []).command.description == "80")
        #expect(mask.mask(command: [], response: [0x90]).response.description == "90")
    }
}
