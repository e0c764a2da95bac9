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

    @Test("what is selected by the beginning of an AID and gives no name: only what every candidate's rules allow")
    func unnamed() async throws {
        let prefix = try AID(hex: "f054534d53")
        let longer = try AID(hex: "f054534d530177")
        let filter = try APDUFilter(header: [0x80, 0xCA, 0, 0], mask: [0xFF, 0xFF, 0, 0])
        func open(_ list: [AccessRule], _ answers: [String]) async throws -> any Channel {
            let card = ScriptedCard(rules(list) + answers)
            return try await CardReader(connector: card, accessControl: AccessControl(deviceApp: try DeviceAppID(app))).openSession().openLogicalChannel(prefix)
        }
        func code(_ list: [AccessRule], _ answers: [String]) async throws -> String {
            do {
                _ = try await open(list, answers)
                return "opened"
            } catch { return (error as? SecureComponentError)?.code ?? "\(error)" }
        }
        let all = rule(.application(prefix), .hash(app), .always)
        #expect(try await code([all], ["019000", "9000"]) == "opened")
        // Selected, denied, closed.
        #expect(try await code([all, rule(.application(longer), .hash(app), .never)], ["019000", "9000", "9000"]) == "access-denied")
        // A name that does not begin as was asked for is no name.
        let foreign = Hex.encode(SelectResponse(aid: .issuerSecurityDomain).bytes) + "9000"
        #expect(try await code([all, rule(.application(longer), .hash(app), .never)], ["019000", foreign, "9000"]) == "access-denied")
        // Selecting is worth a try where one candidate is allowed, and not where none is.
        let named = Hex.encode(SelectResponse(aid: longer).bytes) + "9000"
        #expect(try await code([rule(.application(longer), .hash(app), .always)], ["019000", named]) == "opened")
        #expect(try await code([rule(.application(longer), .hash([UInt8](repeating: 1, count: 20)), .always)], []) == "access-denied")
        // Filters of all candidates must agree.
        let channel = try await open([all, rule(.application(longer), .hash(app), .filters([filter]))], ["019000", "9000", "9000"])
        #expect(try await channel.transmit(GetDataCommand.cardImageNumber.apdu).statusWord == .success)
        await #expect(throws: SecureComponentError.self) { try await channel.transmit(CommandAPDU(cla: 0x80, ins: 0x50, p1: 0, p2: 0)) }
    }

    @Test("class bytes that name no channel go out on the basic channel only, and as they are")
    func channelLessClasses() async throws {
        let card = ScriptedCard(["9000", "9000", "019000"])
        let session = try await CardReader(connector: card, accessControl: .unrestricted).openSession()
        let basic = try await session.openBasicChannel(.issuerSecurityDomain)
        #expect(try await basic.transmit(CommandAPDU(cla: 0xA0, ins: 0xF2, p1: 0, p2: 0)).statusWord == .success)
        #expect(card.commands.last == "a0f20000")
        let logical = try await session.openLogicalChannel(nil)
        for cla: UInt8 in [0xA0, 0x20] {
            do {
                _ = try await logical.transmit(CommandAPDU(cla: cla, ins: 0xF2, p1: 0, p2: 0))
                Issue.record("class \(cla) passed")
            } catch { #expect(error.code == "malformed-command") }
        }
    }

    @Test("rules without end are not read")
    func endless() async throws {
        #expect(try await outcome(["019000", "9000", "df200801020304050607089000", "ff40837fffff009000", "9000"]) == "access-denied")
    }
}
