import GlobalPlatform
@testable import SPTSMHandset
import Testing

@Suite("what an issuer's script may hold")
struct RelayedScriptTests {
    static let select = HexBytes(SelectCommand(aid: .issuerSecurityDomain).apdu.bytes)

    func check(_ commands: [[UInt8]], mustSelect: Bool = true) throws -> Bool {
        try RelayedScript.check(commands.map { HexBytes($0) }, securityDomain: .issuerSecurityDomain, mustSelect: mustSelect)
    }

    @Test("SELECT of its own security domain first, then whatever it likes")
    func good() throws {
        #expect(try check([Self.select.bytes, [0x80, 0x50, 0x30, 0x00, 0x01, 0x00]]))
        #expect(try !check([[0x84, 0xE6, 0x00, 0x00, 0x01, 0x00]], mustSelect: false))
    }

    @Test("a session that puts first keys selects the process's security domain, and nothing else")
    func firstKeys() throws {
        let domain = try AID(hex: "F054534D53D001"), other = try AID(hex: "F054534D53D002")
        func check(_ selected: AID) throws -> Bool {
            try RelayedScript.check([HexBytes(SelectCommand(aid: selected).apdu.bytes), HexBytes([0x80, 0x50, 0x30, 0x00, 0x01, 0x00])], securityDomain: domain, mustSelect: true)
        }
        #expect(try check(domain))
        #expect(throws: RunFailure.self) { try check(other) }
        #expect(throws: RunFailure.self) { try check(.issuerSecurityDomain) }
    }

    @Test("no other SELECT, no channels, no key version 00, nothing that is no APDU, bounded")
    func bad() throws {
        let other: [UInt8] = [0x00, 0xA4, 0x04, 0x00, 0x05, 1, 2, 3, 4, 5]
        let scripts: [[[UInt8]]] = [
            [other], [Self.select.bytes, other], [Self.select.bytes, Self.select.bytes], [Self.select.bytes, [0x00, 0x70, 0x00, 0x00, 0x01]],
            [Self.select.bytes, [0x80, 0x50, 0x00, 0x00, 0x01, 0x00]], [Self.select.bytes, [0x80]], [[0x80, 0xCA, 0x00, 0x42, 0x00]],
            [Self.select.bytes] + Array(repeating: [0x80, 0xCA, 0x00, 0x42, 0x00], count: 300),
        ]
        for script in scripts { #expect(throws: RunFailure.self) { try check(script) } }
        #expect(throws: RunFailure.self) { try check([[0x00, 0x70, 0x00, 0x00, 0x01]], mustSelect: false) }
    }
}
