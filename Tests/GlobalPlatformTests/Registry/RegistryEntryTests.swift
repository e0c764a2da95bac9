import GlobalPlatform
import Testing

@Suite struct RegistryEntryTests {
    @Test func securityDomain() throws {
        let bytes = try octets("e3274f09d276000165545344019f700107c50380c000c407a0000001515350cc08a000000151000000")
        let entry = try RegistryEntry(parsing: TLV.parse(bytes))
        #expect(try entry == RegistryEntry(aid: AID(hex: "d27600016554534401"), lifeCycleState: 0x07, privileges: .serviceProviderSecurityDomain,
                                           loadFile: .securityDomainPackage, securityDomain: .issuerSecurityDomain))
        #expect(entry.encoded().bytes == bytes)
        #expect(entry.isSecurityDomain && entry.securityDomainState == .selectable)
        #expect(try entry.encoded(tagList: [0x9F70]).bytes == octets("e30f 4f09d27600016554534401 9f700107"))
    }

    @Test func loadFileWithModules() throws {
        let bytes = try octets("E325 4F07F054534D530101 9F700101 CE020100 8408F054534D53010101 CC08A000000151000000")
        let entry = try RegistryEntry(parsing: TLV.parse(bytes))
        #expect(entry.modules.count == 1 && entry.version == [1, 0] && entry.lifeCycleState == 1)
        #expect(entry.encoded().bytes == bytes)
    }

    @Test func twoByteStateAndUnknownTags() throws {
        let entry = try RegistryEntry(parsing: TLV.parse(octets("E310 4F05A000000001 9F70020F00 DF0101AA")))
        #expect(entry.lifeCycleState == 0x0F)
    }

    @Test(arguments: ["E300", "E204 4F02A000", "E304 4F02A000", "E30A 4F05A000000001 9F7000", "E30B 4F05A000000001 C50280C0", "E305 4F05A00000"])
    func refuses(_ hex: String) {
        #expect(throws: (any Error).self) { try RegistryEntry(parsing: TLV.parse(octets(hex))) }
    }
}
