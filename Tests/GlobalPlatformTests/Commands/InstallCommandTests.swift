import GlobalPlatform
import Testing

@Suite struct InstallCommandTests {
    let elf: AID
    let module: AID
    let instance: AID
    let ssd: AID

    init() throws {
        elf = try AID(hex: "F054534D530101")
        module = try AID(hex: "F054534D53010101")
        instance = try AID(hex: "F054534D5301010101")
        ssd = try AID(hex: "d27600016554534401")
    }

    private func expect(_ command: InstallCommand, _ hex: String, _ location: SourceLocation = #_sourceLocation) throws {
        #expect(try Hex.encode(command.apdu().bytes) == Hex.encode(octets(hex)), sourceLocation: location)
        #expect(try InstallCommand.parse(CommandAPDU(bytes: octets(hex))) == command, sourceLocation: location)
    }

    @Test func load() throws {
        let hash = try octets("a36ef25b7b247544ce61c2fe3a1c84c6d3a2e92e41a62e9f550fb79f8dd4fd6b")
        try expect(.load(InstallForLoad(loadFile: AID(hex: "d27600016500"), securityDomain: ssd, loadFileDataBlockHash: hash)),
                   "80e602003406d2760001650009d2760001655453440120a36ef25b7b247544ce61c2fe3a1c84c6d3a2e92e41a62e9f550fb79f8dd4fd6b000000")
        try expect(.load(InstallForLoad(loadFile: elf, parameters: InstallParameters(system: SystemParameters(nonVolatileCodeMinimum: 0x400)))),
                   "80E6020012 07F054534D530101 00 00 06EF04C6020400 00 00")
        try expect(.load(InstallForLoad(loadFile: elf, token: [0xAA, 0xBB])), "80E602000E 07F054534D530101 00 00 00 02AABB 00")
    }

    @Test func install() throws {
        try expect(.install(InstallForInstall(loadFile: elf, module: module, application: instance, privileges: .cvmManagement,
                                              parameters: InstallParameters(applicationSpecific: [0x00, 0x0A]), makeSelectable: false)),
                   "80E6040025 07F054534D530101 08F054534D53010101 09F054534D5301010101 03020000 04C902000A 00 00")
        try expect(.install(InstallForInstall(loadFile: elf, module: module, application: instance, parameters: InstallParameters(applicationSpecific: []), makeSelectable: true)),
                   "80E60C0023 07F054534D530101 08F054534D53010101 09F054534D5301010101 03000000 02C900 00 00")
        let bare = InstallCommand.install(InstallForInstall(loadFile: elf, module: module, application: instance, makeSelectable: true))
        #expect(try bare.apdu().bytes == octets("80E60C0023 07F054534D530101 08F054534D53010101 09F054534D5301010101 03000000 02C900 00 00"))
    }

    @Test func securityDomain() throws {
        let parameters = SecurityDomainParameters(secureChannels: [SecureChannelProtocol(identifier: 3, option: 0x70)],
                                                  acceptsExtraditionHere: [0x20, 0x20], acceptsExtraditionAway: [0x20, 0x20])
        try expect(.install(InstallForInstall(securityDomain: ssd, parameters: parameters)),
                   "80e60c002f07a000000151535008a00000015153504109d276000165545344010380c0000ec90c8102037082022020870220200000")
    }

    @Test func theOthers() throws {
        try expect(.makeSelectable(InstallForMakeSelectable(application: instance)), "80E6080010 00 00 09F054534D5301010101 0100 00 00 00")
        try expect(.makeSelectable(InstallForMakeSelectable(application: instance, privileges: .finalApplication)),
                   "80E6080012 00 00 09F054534D5301010101 03000200 00 00 00")
        try expect(.personalization(instance), "80E620000F 00 00 09F054534D5301010101 00 00 00 00")
        try expect(.extradition(InstallForExtradition(newSecurityDomain: ssd, object: elf)), "80E6100016 09D27600016554534401 00 07F054534D530101 00 00 00 00")
        try expect(.registryUpdate(InstallForRegistryUpdate(application: instance, privileges: .cardReset,
                                                            parameters: InstallParameters(system: SystemParameters(implicitSelection: [0x80])))),
                   "80E6400017 00 00 09F054534D5301010101 03040000 05EF03CF0180 00 00")
        try expect(.registryUpdate(InstallForRegistryUpdate(securityDomain: ssd, application: instance)), "80E6400018 09D27600016554534401 00 09F054534D5301010101 00 00 00 00")
    }

    @Test func longParametersWithEitherLength() throws {
        let long = InstallForInstall(loadFile: elf, module: module, application: instance, parameters: InstallParameters(applicationSpecific: Array(repeating: 5, count: 150)), makeSelectable: true)
        let command = try InstallCommand.install(long).apdu()
        #expect(try InstallCommand.parse(command) == .install(long))
        let start = 8 + 9 + 10 + 4
        var ber = command
        ber.data.insert(0x81, at: start)
        #expect(command.data[start] == 153)
        #expect(try InstallCommand.parse(ber) == .install(long))
        let tooLong = InstallForInstall(loadFile: elf, module: module, application: instance, parameters: InstallParameters(applicationSpecific: Array(repeating: 5, count: 250)), makeSelectable: true)
        #expect(throws: FormatError.self) { try InstallCommand.install(tooLong).apdu() }
    }

    @Test(arguments: [
        "80E6000000", "80E6020100", "80E6060000", "80E6820000", "80E4020000", "80E60200020000", "80E602000707F054534D5301", "80E602000D07F054534D530101000000000000",
        "80E602000E07F054534D530101000301020300000000", "80E604002007F054534D53010108F054534D5301010109F054534D530101010103020000000000",
        "80E604001F07F054534D53010108F054534D5301010109F054534D53010101010202000000", "80E620000F000009F054534D530101010101000000",
        "80E620000D000009F054534D530101010100", "80E620000100",
    ])
    func refuses(_ hex: String) {
        #expect(throws: (any Error).self) { try InstallCommand.parse(CommandAPDU(bytes: octets(hex))) }
    }

    @Test func errorsCarryTheCardsAnswer() throws {
        #expect(throws: FormatError(.data, "INSTALL [for load]", "load file AID", "7 bytes were expected at offset 1 and 6 are left")) {
            try InstallCommand.parse(CommandAPDU(bytes: octets("80E602000707F054534D5301")))
        }
        do {
            _ = try InstallCommand.parse(CommandAPDU(bytes: octets("80E6060000")))
            Issue.record("P1 06 must be refused")
        } catch let error as FormatError {
            #expect(error.statusWord == .incorrectP1P2 && error.code == "format-parameters")
        }
    }
}
