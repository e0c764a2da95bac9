import GlobalPlatform
import KeyVaultAPI
import SEIAPI
import Testing
@testable import SEITSMService

@Suite struct ReportReadingTests {
    private func component() throws -> Component { try BenchCard().entry.component() }

    private func answer(_ statusWord: UInt16, _ data: [UInt8] = [], proven: Bool = true) -> VerifiedResponse {
        VerifiedResponse(statusWord: statusWord, data: HexBytes(data), proven: proven)
    }

    private func read(_ plan: [PlannedCommand], _ outcome: VerifiedReport.Outcome, _ responses: [VerifiedResponse], layout: [Int]? = nil,
                      change: (inout Component) -> Void = { _ in }) throws -> ReportReading {
        var component = try component()
        change(&component)
        return ReportReading.read(VerifiedReport(outcome: outcome, sequenceCounter: nil, responses: responses), plan: plan,
                           layout: layout ?? plan.map { _ in 1 }, component: component, effects: SessionEffects(),
                                  authentication: StatusWord(rawValue: outcome == .authenticationRefused ? 0x6300 : 0x9000))
    }

    private func plan(_ operations: [SEI.Operation], change: (inout Component) -> Void = { _ in }) throws -> [PlannedCommand] {
        let keys = SessionPlanner.FirstKeys(keySetId: "set", keyVersionNumber: 0x30, keyCheckValues: try ["010203", "040506", "070809"].map(bytes))
        var component = try component()
        change(&component)
        return try SessionPlanner.plan(operations, SessionPlanner.Facts(component: component, firstKeySets: [try aid(Domain.hex): keys], deviceAppIds: [:]))
    }

    @Test func creationIsPlannedWithItsProof() throws {
        let app = HexBytes(Domain.app)
        let plan = try plan([Domain.creation(deviceAppIds: [app])])
        #expect(plan.count == 6)
        guard case .apdu(let install) = plan[0].command else {
            Issue.record("INSTALL was expected")
            return
        }
        let command = try InstallCommand.parse(CommandAPDU(bytes: install.bytes))
        guard case .install(let parameters) = command else {
            Issue.record("INSTALL [for install] was expected")
            return
        }
        #expect(parameters.privileges == .serviceProviderSecurityDomain)
        #expect(parameters.makeSelectable)
        #expect(Hex.encode(parameters.parameters.applicationSpecific ?? []) == "81020370")
        #expect(parameters.parameters.system.nonVolatileQuota == 40_000)
        #expect(plan[2].command == .storeFirstKeys(keySetId: "set", keyVersionNumber: 0x30))
        #expect(plan[5].purpose == .proofOfDomain(try aid(Domain.hex)))
    }

    @Test func inheritedKeysAreReplacedInASessionOfTheirOwn() throws {
        let domain = try aid(Domain.hex)
        let creation = try plan([Domain.creation()]) { $0.firstKeys = .inherited }
        #expect(creation.map(\.purpose) == [.action, .proofOfDomain(domain)])
        let keying = try plan([.putFirstKeys(aid: domain)]) { $0.firstKeys = .inherited }
        let expected = try bytes("30010203040506070809")
        #expect(keying.map(\.command) == [.putKey(keySetId: "set", keyVersionNumber: 0x30, replacing: nil)])
        #expect(keying.map(\.purpose) == [.firstKeys(domain, answer: expected)])
        let good = try read(keying, .complete, [answer(0x9000, expected.bytes)]) { $0.firstKeys = .inherited }
        #expect(good.verdict == .verified && good.effects.keyed == [domain])
        for wrong in ["30010203040506070800", "31010203040506070809", ""] {
            let reading = try read(keying, .complete, [answer(0x9000, bytes(wrong).bytes)]) { $0.firstKeys = .inherited }
            guard case .failed(let problem) = reading.verdict else { Issue.record("\(wrong) was believed"); continue }
            #expect(problem.contains("key check values") && reading.effects.keyed.isEmpty)
        }
    }

    @Test func everySessionEndsWithAProof() throws {
        let domain = try aid(Domain.hex)
        let rule = SEI.AccessRule(aid: domain, deviceAppId: nil, apdu: true, nfc: false)
        for operations in [[.deleteSecurityDomain(aid: domain)], [.addAccessRules([rule])], [.removeAccessRules([rule])], [.status(aid: domain)]] as [[SEI.Operation]] {
            let plan = try plan(operations)
            #expect(plan.contains { $0.purpose == .proofOfSession })
        }
        // Made and deleted again: there is nothing to show but the session.
        #expect(try plan([Domain.creation(), .deleteSecurityDomain(aid: domain)]).last?.purpose == .proofOfSession)
    }

    @Test func withoutAnAccessRuleApplicationRulesNeedNothing() throws {
        var entry = try BenchCard().entry
        entry.accessRuleApplication = nil
        let facts = SessionPlanner.Facts(component: try entry.component(), firstKeySets: [:], deviceAppIds: [:])
        let rule = SEI.AccessRule(aid: try aid(Domain.hex), deviceAppId: nil, apdu: true, nfc: false)
        #expect(try SessionPlanner.plan([.addAccessRules([rule])], facts).map(\.purpose) == [.proofOfSession])
    }

    @Test func deletionIsProvenByItsOwnResponse() throws {
        let domain = try aid(Domain.hex)
        let plan = try plan([.deleteSecurityDomain(aid: domain)])
        let reading = try read(plan, .complete, [answer(0x9000), answer(0x9000)])
        #expect(reading.verdict == .verified)
        #expect(reading.effects.deleted == [domain])
        // A card without R-MAC proves nothing.
        let unproven = try read(plan, .complete, [answer(0x9000, proven: false), answer(0x9000, proven: false)]) { $0.scpParameter = 0x10 }
        #expect(unproven.verdict == .verified)
        #expect(unproven.effects.deleted.isEmpty)
        #expect(unproven.effects.reportedAbsent == [domain])
        var withoutMAC = try component()
        withoutMAC.scpParameter = 0x10
        #expect(unproven.effects.areProven(on: withoutMAC))
        #expect(!unproven.effects.areProven(on: try component()))
    }

    /// Where a component signs its answers, one without a signature is nobody's, whatever its status word.
    @Test(arguments: [0x9000, 0x62F1, 0x6310] as [UInt16]) func unsignedSuccessIsNone(statusWord: UInt16) throws {
        let plan = try plan([.deleteSecurityDomain(aid: try aid(Domain.hex))])
        let reading = try read(plan, .stopped, [answer(statusWord, proven: false), answer(0x9000)])
        guard case .failed(let reason) = reading.verdict else {
            Issue.record("\(reading.verdict)")
            return
        }
        #expect(reason.contains("carries no R-MAC"))
        #expect(reading.effects == SessionEffects())
    }

    @Test func bareNotFoundIsFollowedByAList() throws {
        let domain = try aid(Domain.hex)
        let plan = try plan([.deleteSecurityDomain(aid: domain)])
        let reading = try read(plan, .stopped, [answer(0x6A88, proven: false)])
        guard case .reopen(let rest) = reading.verdict else {
            Issue.record("\(reading.verdict)")
            return
        }
        #expect(rest.map(\.purpose) == [.proofOfSession, .absence([domain])])
        #expect(reading.effects.deleted.isEmpty)
        func list(_ aids: [AID]) -> [UInt8] { aids.flatMap { RegistryEntry(aid: $0).encoded().bytes } }
        let other = try aid("f054534d5309")
        let proven = try read(rest, .complete, [answer(0x9000), answer(0x9000, list([other]))])
        #expect(proven.verdict == .verified)
        #expect(proven.effects.deleted == [domain])
        let more = try read(rest, .complete, [answer(0x9000), answer(0x6310, list([other]))])
        #expect(more.verdict == .nextPage(of: [domain]))
        #expect(more.effects.deleted.isEmpty)
        guard case .failed(let reason) = try read(rest, .complete, [answer(0x9000), answer(0x9000, list([domain]))]).verdict else {
            Issue.record("a lie was believed")
            return
        }
        #expect(reason.contains("lists it"))
        // The access rule application would be in the list.
        guard case .failed(let missing) = try read(rest, .stopped, [answer(0x9000), answer(0x6A88, proven: false)]).verdict else {
            Issue.record("an empty list was believed")
            return
        }
        #expect(missing.contains("did not come back"))
        let empty = try read(rest, .stopped, [answer(0x9000), answer(0x6A88, proven: false)]) { $0.accessRuleApplication = nil }
        #expect(empty.verdict == .verified)
        #expect(empty.effects.deleted.isEmpty)
        #expect(empty.effects.reportedAbsent == [domain])
        #expect(!empty.effects.areProven(on: try component()))
        guard case .failed = try read(rest, .complete, [answer(0x9000), answer(0x9000, [0xE3, 0x05, 0x01])]).verdict else {
            Issue.record("garbage was read")
            return
        }
    }

    @Test func absencesAreProvenByOneList() throws {
        let domains = [try aid(Domain.hex), try aid("f054534d5302")]
        let plan = try plan(domains.map { .deleteSecurityDomain(aid: $0) })
        guard case .reopen(let rest) = try read(plan, .stopped, [answer(0x6A88, proven: false)]).verdict,
              case .reopen(let last) = try read(rest, .stopped, [answer(0x6A88, proven: false)]).verdict else {
            Issue.record("the rest was expected")
            return
        }
        #expect(last.map(\.purpose) == [.proofOfSession, .absence(domains)])
    }

    @Test func ruleThatExistsIsNoFailure() throws {
        let rules = try (1...2).map { SEI.AccessRule(aid: try aid("f054534d530\($0)"), deviceAppId: nil, apdu: true, nfc: false) }
        let plan = try plan([.addAccessRules(rules)])
        guard case .reopen(let rest) = try read(plan, .stopped, [answer(0x9000), answer(0x6381)]).verdict else {
            Issue.record("the rest was expected")
            return
        }
        #expect(rest == Array(plan.dropFirst(2)))
        #expect(try read(rest, .stopped, [answer(0x9000), answer(0x6381)]).verdict == .verified)
        // Without R-MAC the proof at the end is still due.
        guard case .reopen(let proof) = try read(rest, .stopped, [answer(0x9000), answer(0x6381, proven: false)]).verdict else {
            Issue.record("the proof was expected")
            return
        }
        #expect(proof.map(\.purpose) == [.proofOfSession])
    }

    @Test func failuresNameTheStep() throws {
        let plan = try plan([Domain.creation()])
        let layout = [1, 1, 2, 1]
        func failure(_ outcome: VerifiedReport.Outcome, _ responses: [VerifiedResponse]) throws -> String {
            guard case .failed(let reason) = try read(plan, outcome, responses, layout: layout).verdict else { return "" }
            return reason
        }
        #expect(try failure(.stopped, [answer(0x6A80, proven: false)]) == "make security domain f054534d5301: the card answered 6a80, the card refused the INSTALL parameters: AID in use, unknown module, privileges or parameters not acceptable")
        #expect(try failure(.stopped, [answer(0x9000), answer(0x9000), answer(0x9000)]).hasPrefix("store its first keys: the order ended within this step"))
        #expect(try failure(.stopped, []).hasPrefix("make security domain f054534d5301: the order ended before this step"))
        #expect(try failure(.responseMACMismatch, [answer(0x9000), answer(0x9000, proven: false)]).hasPrefix("store its first keys: the answer 9000 carries no valid R-MAC"))
        #expect(try failure(.cardCryptogramMismatch, []).contains("does not hold the issuer's keys"))
        #expect(try failure(.authenticationRefused, []).hasPrefix("authenticate: the card refused the issuer's cryptogram with 6300, "))
        let all = Array(repeating: answer(0x9000), count: 4)
        #expect(try failure(.complete, all + [answer(0x9000, [])]).contains("does not show security domain"))
        #expect(try failure(.stopped, all + [answer(0x6300, proven: false)]).hasPrefix("prove the new security domain: the card answered 6300"))
        #expect(try read(plan, .challengeMismatch, []).verdict == .challengeMismatch)
        let shown = RegistryEntry(aid: try aid(Domain.hex), lifeCycleState: 0x0F, privileges: .serviceProviderSecurityDomain).encoded().bytes
        let good = try read(plan, .complete, all + [answer(0x9000, shown)], layout: layout)
        #expect(good.verdict == .verified)
        #expect(good.effects.made == [try aid(Domain.hex)])
    }
}
