import Foundation
import GlobalPlatform
import Testing

@Suite struct EncodingTests {
    @Test func hexadecimal() throws {
        #expect(Hex.encode([0x00, 0xAB, 0xFF]) == "00abff")
        #expect(Hex.encodeUpperCase([0x00, 0xAB]) == "00AB")
        #expect(try Hex.decode("00aBFf") == [0x00, 0xAB, 0xFF])
        #expect(try Hex.decode("").isEmpty)
        #expect(throws: HexError.oddNumberOfDigits(3)) { try Hex.decode("abc") }
        #expect(throws: HexError.notADigit(offset: 2)) { try Hex.decode("00 1") }
        #expect(throws: HexError.self) { try Hex.decode("０0") }
    }

    @Test func hexBytesInJSON() throws {
        #expect(String(decoding: try JSONEncoder().encode([HexBytes([0xA0, 0x0B])]), as: UTF8.self) == #"["a00b"]"#)
        #expect(try JSONDecoder().decode([HexBytes].self, from: Data(#"["A00b"]"#.utf8)) == [HexBytes([0xA0, 0x0B])])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([HexBytes].self, from: Data(#"["A0b"]"#.utf8)) }
    }

    @Test func aids() throws {
        let aid = try AID(hex: "A0000001515350")
        #expect(aid == .securityDomainPackage && aid.description == "a0000001515350")
        #expect(AID.securityDomainModule.hasPrefix(aid) && !aid.hasPrefix(AID.securityDomainModule) && aid.hasPrefix(aid))
        #expect(throws: AIDError.length(4)) { try AID([1, 2, 3, 4]) }
        #expect(throws: AIDError.length(17)) { try AID(Array(repeating: UInt8(1), count: 17)) }
        #expect(throws: AIDError.self) { try AID(hex: "xx") }
        #expect(try JSONDecoder().decode([AID].self, from: JSONEncoder().encode([aid])) == [aid])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([AID].self, from: Data(#"["A0"]"#.utf8)) }
    }

    @Test func versionsCompareByNumbers() throws {
        #expect(try VersionNumber("1.10.0") > VersionNumber("1.9.9"))
        #expect(try VersionNumber("1.6") == VersionNumber("1.6.0"))
        #expect(try VersionNumber("1.6").hashValue == VersionNumber("1.6.0").hashValue)
        #expect(try VersionNumber("3.0.5") < VersionNumber("3.1.0"))
        #expect(try VersionNumber("3.0.05").description == "3.0.5")
        for text in ["", "1.", ".1", "1..2", "1.2.3.4.5", "a", "1.x", "-1", "1 .0", "12345678901"] {
            #expect(throws: VersionNumberError.self) { try VersionNumber(text) }
        }
    }

    @Test func objectIdentifiers() throws {
        let identifier = try ASN1ObjectIdentifier("1.2.840.114283.2.2.3")
        #expect(identifier.content == [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 2, 2, 3])
        #expect(identifier.description == "1.2.840.114283.2.2.3")
        #expect(try ASN1ObjectIdentifier("2.999.3").content == [0x88, 0x37, 0x03])
        #expect(try ASN1ObjectIdentifier(content: [0x88, 0x37, 0x03]).description == "2.999.3")
        for text in ["", "1", "3.1", "1.40", "1.2.x", "1..2"] { #expect(throws: FormatError.self) { try ASN1ObjectIdentifier(text) } }
        for content in [[], [0x80, 0x01], [0x2A, 0x86]] as [[UInt8]] { #expect(throws: FormatError.self) { try ASN1ObjectIdentifier(content: content) } }
    }

    @Test func uuids() throws {
        let text = "00112233-4455-6677-8899-aabbccddeeff"
        #expect(try UUIDOctets(text).bytes == octets("00112233445566778899AABBCCDDEEFF"))
        #expect(try UUIDOctets(text.uppercased()).description == text)
        for text in ["", "00112233445566778899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeef", "g0112233-4455-6677-8899-aabbccddeeff"] {
            #expect(throws: FormatError.self) { try UUIDOctets(text) }
        }
    }
}
