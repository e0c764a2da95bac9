import GlobalPlatform
import TestMaterial
import Testing

@Suite struct AccessRuleTests {
    @Test func storeBytes() throws {
        let hash = Array(repeating: UInt8(0xAB), count: 32)
        let rule = AccessRule(target: .application(try AID(hex: "F054534D530101")), deviceApplication: .hash(hash), apdu: .always, nfcEvents: true)
        let text = "F0 37 E2 35 E1 2B 4F07F054534D530101 C120\(Hex.encode(hash)) E3 06 D00101 D10101"
        #expect(try AccessRuleCommand.store(rule).storeData.apdu.bytes == octets("80E29000 39 \(text)"))
        #expect(try AccessRuleCommand.parse(octets(text)) == [.store(rule)])
        #expect(AccessRuleCommand.store(rule).encoded.bytes.count == 0x39)
    }

    @Test func deletions() throws {
        let rule = AccessRule(target: .any, deviceApplication: .any, apdu: .never, nfcEvents: false)
        let other = AccessRule(target: .aid([0xF0, 1, 2, 3, 4]), deviceApplication: .any, apdu: .always, nfcEvents: nil)
        let table: [(AccessRuleCommand, String, [Bool])] = [
            (.deleteAll, "F100", [true, true]), (.deleteTarget(.any), "F1024F00", [true, false]), (.deleteTarget(.implicitlySelected), "F102C000", [false, false]),
            (.deleteReference(other.target, .any), "F10B E109 4F05F001020304 C100", [false, true]),
            (.deleteRule(rule), "F110 E20E E104 4F00C100 E306 D00100 D10100", [true, false]), (.updateRefreshTag, "F200", [false, false]), (.other(TLV(0xF4)), "F400", [false, false]),
        ]
        for (command, hex, deletes) in table {
            #expect(try command.encoded.bytes == octets(hex))
            #expect(try AccessRuleCommand.parse(octets(hex)) == [command])
            #expect([rule, other].map(command.deletes) == deletes)
        }
    }

    @Test func filtersAndVendorObjects() throws {
        let filter = try APDUFilter(header: [0x80, 0x10, 0, 0], mask: [0xFC, 0xFF, 0, 0])
        let rule = AccessRule(target: .implicitlySelected, deviceApplication: .hash(Array(repeating: 1, count: 20)), apdu: .filters([filter, filter]), nfcEvents: nil,
                              otherReferences: [TLV(0xCA, [0x61])], otherPermissions: [TLV(0xDB, [0, 0, 0, 0, 0, 0, 0, 1])])
        #expect(try AccessRule(parsing: rule.encoded) == rule)
        #expect(filter.allows(CommandAPDU(cla: 0x81, ins: 0x10, p1: 9, p2: 9)))
        #expect(!filter.allows(CommandAPDU(cla: 0x80, ins: 0x11, p1: 0, p2: 0)))
        #expect(throws: FormatError.self) { try APDUFilter(header: [1], mask: [1, 2, 3, 4]) }
    }

    @Test(arguments: ["", "F0", "F000", "F002E200", "F804E1000000", "F006 E204 E100 E300", "F00C E20A E104 4F00C100 E302 D000", "F00D E20B E104 4F00C100 E303 D10102",
                      "F00F E20D E105 4F00C10101 E304 D00101", "F201FF", "F1044F004F00", "F10111", "F00F E20D E104 4F00C100 E305 D00101 D000"])
    func refuses(_ hex: String) {
        #expect(throws: FormatError.self) { try AccessRuleCommand.parse(octets(hex)) }
    }

    @Test(.enabled(if: ReferenceData.isPresent)) func published() throws {
        let vectors = try #require(try ReferenceData.json("globalplatform-vectors.json")["ara_m"] as? [[String: String]])
        for vector in vectors {
            if let data = vector["data"] {
                let commands = try AccessRuleCommand.parse(octets(data))
                #expect(try commands.map(\.encoded).bytes == octets(data))
            } else {
                let command = try GetDataCommand.parse(CommandAPDU(bytes: octets(try #require(vector["command"]))))
                let (target, application) = try AccessRuleResponse.reference(in: command)
                #expect(AccessRuleResponse.query(target, application) == command)
                let deny = AccessRule(target: target, deviceApplication: application, apdu: .never, nfcEvents: false)
                #expect(try AccessRuleResponse.specific([deny]) == octets(try #require(vector["response"])))
            }
        }
        #expect(vectors.count == 3)
    }

    @Test func responses() throws {
        let rule = AccessRule(target: .any, deviceApplication: .any, apdu: .always, nfcEvents: true)
        #expect(try AccessRuleResponse.all([rule]) == octets("FF40 10 E20E E104 4F00C100 E306 D00101 D10101"))
        #expect(try AccessRuleResponse.parseAll(AccessRuleResponse.all([rule, rule])) == [rule, rule])
        #expect(try AccessRuleResponse.parseAll(octets("FF4000")).isEmpty)
        #expect(try AccessRuleResponse.parseRefreshTag(AccessRuleResponse.refreshTag([1, 2, 3, 4, 5, 6, 7, 8])) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(throws: FormatError.self) { try AccessRuleResponse.parseRefreshTag(octets("DF200101")) }
    }
}
