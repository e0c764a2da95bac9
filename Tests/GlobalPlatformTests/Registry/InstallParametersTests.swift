import GlobalPlatform
import Testing

@Suite struct InstallParametersTests {
    @Test func securityDomainParameters() throws {
        let parameters = SecurityDomainParameters(secureChannels: [SecureChannelProtocol(identifier: 3, option: 0x70)],
                                                  acceptsExtraditionHere: [0x20, 0x20], acceptsExtraditionAway: [0x20, 0x20])
        #expect(try parameters.bytes == octets("81020370 82022020 87022020"))
        #expect(try SecurityDomainParameters(parsing: parameters.bytes) == parameters)
        var full = parameters
        full.acceptsDeletion = [0x20]
        full.personalizesItself = true
        full.controllingAuthority = [0x01]
        full.secureChannels.append(SecureChannelProtocol(identifier: 3, option: 0x60))
        #expect(try full.bytes == octets("81020370 81020360 82022020 830120 8400 860101 87022020"))
        #expect(try SecurityDomainParameters(parsing: full.bytes) == full)
        #expect(throws: FormatError.self) { try SecurityDomainParameters(parsing: [0x81, 0x01, 0x03]) }
    }

    @Test func quotas() throws {
        let system = SystemParameters(nonVolatileCodeMinimum: 0x1234, volatileQuota: 0x7FFF, nonVolatileQuota: 0x8000, volatileReserved: 0, nonVolatileReserved: 0xFFFF_FFFF,
                                      globalServices: [0x8001], implicitSelection: [0x81, 0x92])
        #expect(try system.bytes == octets("C6021234 C7027FFF C80400008000 D7020000 D804FFFFFFFF CB028001 CF0181 CF0192"))
        #expect(try SystemParameters(parsing: system.bytes) == system)
        for hex in ["C701FF", "C703000001", "C70500000000FF", "CB0180", "CB00"] { #expect(throws: FormatError.self) { try SystemParameters(parsing: octets(hex)) } }
    }

    @Test func wholeField() throws {
        let parameters = InstallParameters(applicationSpecific: [0x00, 0x0A], system: SystemParameters(nonVolatileQuota: 512), other: [TLV(0xEA, [0x80, 0x00])])
        #expect(try parameters.bytes == octets("C902000A EF04C8020200 EA028000"))
        #expect(try InstallParameters(parsing: parameters.bytes) == parameters)
        #expect(InstallParameters().bytes.isEmpty)
        #expect(try InstallParameters(parsing: []) == InstallParameters())
        for hex in ["C900C900", "EF00EF00", "C902", "EF02C7FF"] { #expect(throws: FormatError.self) { try InstallParameters(parsing: octets(hex)) } }
    }

    @Test func optionsOfTheSecureChannel() {
        let full = SecureChannelProtocol(identifier: 3, option: 0x70)
        #expect(full.hasPseudoRandomChallenge && full.hasResponseMAC && full.hasResponseEncryption && !full.hasSixteenByteMode)
        let plain = SecureChannelProtocol(identifier: 3, option: 0x00)
        #expect(!plain.hasPseudoRandomChallenge && !plain.hasResponseMAC && !plain.hasResponseEncryption)
        #expect(!SecureChannelProtocol(identifier: 3, option: 0x20).hasResponseEncryption)
        #expect(full.description == "SCP03 i=70")
    }
}
