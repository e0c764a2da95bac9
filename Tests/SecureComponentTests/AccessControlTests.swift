import GlobalPlatform
import SecureComponent
import Testing

@Suite("Access rules")
struct AccessControlTests {
    private let app = [UInt8](repeating: 0xAB, count: 32)

    private func outcome(_ answers: [String], _ enforcement: AccessControl.Enforcement = .rules(withoutRuleApplication: .deny)) async throws -> String {
        let card = ScriptedCard(answers)
        let control = AccessControl(deviceApp: try DeviceAppID(app), enforcement: enforcement)
        let session = try await CardReader(connector: card, accessControl: control).openSession()
        do {
            _ = try await session.openLogicalChannel(.issuerSecurityDomain)
            return "opened after \(card.commands.count)"
        } catch {
            return error.code
        }
    }

    /// Opens ARA-M, answers its refresh tag and these rules in parts, closes.
    private func rules(_ rules: [AccessRule], part: Int = 200) -> [String] {
        var data = AccessRuleResponse.all(rules)
        var parts: [String] = []
        while !data.isEmpty {
            parts.append(Hex.encode(data.prefix(part)) + "9000")
            data.removeFirst(min(part, data.count))
        }
        return ["019000", "9000", "df200801020304050607089000"] + parts + ["9000"]
    }

    private func rule(_ target: AccessRule.Target, _ device: AccessRule.DeviceApplication, _ access: AccessRule.APDUAccess) -> AccessRule {
        AccessRule(target: target, deviceApplication: device, apdu: access, nfcEvents: nil)
    }

    @Test("no rules application: the default; unreadable rules: denied")
    func withoutRules() async throws {
        let none = ["019000", "6a82", "9000"]
        #expect(try await outcome(none) == "access-denied")
        #expect(try await outcome(none + ["019000", "9000"], .rules(withoutRuleApplication: .allow)) == "opened after 5")
        #expect(try await outcome(["019000", "9000"], .none) == "opened after 2")
        #expect(try await outcome(["019000", "6999", "9000"], .rules(withoutRuleApplication: .allow)) == "access-denied")
        #expect(try await outcome(["019000", "9000", "6a88", "9000"]) == "access-denied")
        #expect(try await outcome(["019000", "9000", "df2001019000", "9000"]) == "access-denied")
        #expect(try await outcome(["019000", "9000", "df200801020304050607089000", "6a88", "9000"]) == "access-denied")
        #expect(try await outcome(["019000", "9000", "df200801020304050607089000", "ff41009000", "9000"]) == "access-denied")
        #expect(try await outcome(["019000", "9000", "df200801020304050607089000", "ff40059000", "9000", "9000"]) == "access-denied")
        #expect(try await outcome(["6a81"]) == "channel-not-available")
    }

    @Test("rules decide, however many parts they come in", arguments: [7, 30, 200])
    func decided(_ part: Int) async throws {
        let isd = AccessRule.Target.application(.issuerSecurityDomain)
        let open = ["019000", "9000"]
        func opens(_ list: [AccessRule]) async throws -> Bool { try await outcome(rules(list, part: part) + open).hasPrefix("opened") }
        #expect(try await opens([rule(isd, .hash(app), .always)]))
        #expect(try await opens([rule(isd, .any, .always)]))
        #expect(try await opens([rule(.any, .any, .always)]))
        #expect(try await opens([rule(.aid([0xA0, 0x00, 0x00, 0x01]), .hash(app), .always)]))
        #expect(try await opens([]) == false)
        #expect(try await opens([rule(isd, .hash([UInt8](repeating: 1, count: 20)), .always), rule(isd, .any, .always)]) == false)
        #expect(try await opens([rule(isd, .hash(app), .never), rule(.any, .any, .always)]) == false)
        #expect(try await opens([rule(.implicitlySelected, .any, .always)]) == false)
    }

    @Test("rules are read again only when their refresh tag changes, also when they change while they are read")
    func refreshed() async throws {
        let isd = AccessRule.Target.application(.issuerSecurityDomain)
        let first = rules([rule(isd, .any, .always)])
        let same = ["019000", "9000", "df200801020304050607089000", "9000"]
        let changed = ["019000", "9000", "df200811111111111111119000", "6984", "df200822222222222222229000", "ff40009000", "9000"]
        let card = ScriptedCard(first + ["019000", "9000"] + same + ["029000", "9000"] + changed)
        let session = try await CardReader(connector: card, accessControl: AccessControl(deviceApp: try DeviceAppID(app))).openSession()
        _ = try await session.openLogicalChannel(.issuerSecurityDomain)
        _ = try await session.openLogicalChannel(.issuerSecurityDomain)
        #expect(card.commands.filter { $0.contains("caff40") }.count == 1)
        await #expect(throws: SecureComponentError.self) { try await session.openLogicalChannel(.issuerSecurityDomain) }
        #expect(card.commands.filter { $0.contains("caff40") }.count == 3)
    }
}
