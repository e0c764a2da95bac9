import GlobalPlatform
import Testing

@Suite struct AccessDecisionTests {
    let ticket: AID
    let store: AID
    let mine = Array(repeating: UInt8(0x11), count: 32)
    let theirs = Array(repeating: UInt8(0x22), count: 32)

    init() throws {
        ticket = try AID(hex: "F054534D53010101")
        store = try AID(hex: "F054534D53010201")
    }

    private func rule(_ target: AccessRule.Target, _ application: AccessRule.DeviceApplication, _ apdu: AccessRule.APDUAccess?, _ nfc: Bool? = nil) -> AccessRule {
        AccessRule(target: target, deviceApplication: application, apdu: apdu, nfcEvents: nfc)
    }

    private func decide(_ rules: [AccessRule], _ target: AID? = nil) -> AccessDecision {
        AccessRuleEvaluation.decide(rules, target: target ?? ticket, deviceApplication: [mine])
    }

    @Test func nothingMatches() {
        #expect(decide([]) == AccessDecision(apdu: .never, nfcEvents: false, basis: .noRule))
        #expect(decide([rule(.application(store), .any, .always)]).basis == .noRule)
    }

    @Test func theMostSpecificRuleDecides() {
        let own = rule(.application(ticket), .hash(mine), .always)
        let rules = [rule(.any, .any, .never), own, rule(.application(ticket), .any, .never), rule(.any, .hash(mine), .never)]
        #expect(decide(rules).apdu == .always)
        #expect(decide(rules).basis == .rules([own]))
        #expect(decide(rules.filter { $0 != own }).apdu == .never)
    }

    @Test func targetsWithRulesForOthersAreClosed() {
        let rules = [rule(.application(ticket), .hash(theirs), .always), rule(.application(ticket), .any, .always), rule(.any, .any, .always)]
        #expect(decide(rules).basis == .reservedForOthers && !decide(rules).allowsChannel)
        #expect(decide([rule(.any, .hash(theirs), .always), rule(.any, .any, .always)]).basis == .reservedForOthers)
    }

    @Test func anyDeviceApplicationComesBeforeAnyTarget() {
        #expect(decide([rule(.application(ticket), .any, .never), rule(.any, .hash(mine), .always)]).apdu == .never)
        #expect(decide([rule(.application(store), .any, .never), rule(.any, .hash(mine), .always)]).apdu == .always)
        #expect(decide([rule(.any, .any, .always)]).apdu == .always)
    }

    @Test func theLongestBeginningDecides() {
        let rules = [rule(.aid(Array(ticket.bytes.prefix(5))), .any, .always), rule(.aid(Array(ticket.bytes.prefix(7))), .any, .never)]
        #expect(decide(rules).apdu == .never)
        #expect(decide(rules, store).apdu == .always)
    }

    @Test func implicitSelectionHasItsOwnRules() {
        let rules = [rule(.implicitlySelected, .any, .always), rule(.any, .any, .never)]
        #expect(AccessRuleEvaluation.decide(rules, target: nil, deviceApplication: [mine]).apdu == .always)
        #expect(decide(rules).apdu == .never)
    }

    @Test func severalRulesOfOneReference() throws {
        let filter = try APDUFilter(header: [0x80, 0x10, 0, 0], mask: [0xFF, 0xFF, 0, 0])
        let target = AccessRule.Target.application(ticket)
        #expect(decide([rule(target, .any, .always), rule(target, .any, .never)]).apdu == .never)
        let filtered = decide([rule(target, .any, .filters([filter])), rule(target, .any, .always)])
        #expect(filtered.apdu == .filters([filter]))
        #expect(filtered.allows(CommandAPDU(cla: 0x80, ins: 0x10, p1: 0, p2: 0)) && !filtered.allows(CommandAPDU(cla: 0x80, ins: 0x12, p1: 0, p2: 0)))
        #expect(decide([rule(target, .any, .filters([filter])), rule(target, .any, .filters([filter]))]).apdu == .filters([filter, filter]))
    }

    @Test func events() {
        let target = AccessRule.Target.application(ticket)
        #expect(decide([rule(target, .any, .always)]).nfcEvents)
        #expect(!decide([rule(target, .any, .never)]).nfcEvents)
        #expect(!decide([rule(target, .any, .always, false)]).nfcEvents)
        #expect(decide([rule(target, .any, .never, true)]).nfcEvents)
        #expect(decide([rule(target, .any, nil, true)]).apdu == .never)
    }

    @Test func eitherHashOfTheCertificateCounts() {
        let sha1 = Array(repeating: UInt8(0x33), count: 20)
        let decision = AccessRuleEvaluation.decide([rule(.any, .hash(sha1), .always)], target: ticket, deviceApplication: [mine, sha1])
        #expect(decision.allowsChannel)
    }
}
