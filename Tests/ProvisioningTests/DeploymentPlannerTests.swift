import DeploymentDocument
import GlobalPlatform
import Provisioning
import SEIAPI
import Testing
import TrustedServiceModel

@Suite("deployment plan: the order table of a full deployment")
struct DeploymentPlannerTests {
    func plan(_ commands: [ServiceCommand.Kind], _ challenge: ChallengeKind, lock: Bool = false, remainder: Bool = false, firstKeys: SEI.FirstKeys = .storeData) throws -> [PlannedSession] {
        try DeploymentPlanner.sessions(DeploymentPlanner.Input(document: try Documents.ticket(), commands: commands, lockAtEnd: lock, challenge: challenge,
                                                               removesRemainder: remainder, transportKeyIndex: "transport", firstKeys: firstKeys))
    }

    @Test("predictable: issuer, rotation, content, issuer's access rules")
    func predictable() throws {
        let sessions = try plan([.install, .personalize, .activate], .predictable)
        #expect(sessions.count == 4)
        guard case .issuer(let create) = sessions[0], case .createSecurityDomain(let aid, _, "transport", 0x30, let apps) = create[0] else { Issue.record("no creation first"); return }
        #expect(create.count == 1 && aid.bytes == [0xF0, 0x54, 0x53, 0x4D, 0x53, 0xD0, 0x01] && apps.count == 1)
        #expect(sessions[1] == .securityDomain(.first, [.rotateKeys]))
        guard case .securityDomain(.final, let steps) = sessions[2] else { Issue.record("no content session"); return }
        #expect(steps.map(\.command) == [.install, .install, .personalize, .activate, nil])
        guard case .proveApplication(_, state: 0x07) = steps.last else { Issue.record("no proof last"); return }
        guard case .issuer(let rules) = sessions[3], case .addAccessRules(let written) = rules[0] else { Issue.record("no access rules last"); return }
        #expect(written.count == 1 && written[0].apdu && !written[0].nfc)
    }

    @Test("random: all of the issuer in one session, rotation last in ours")
    func random() throws {
        let sessions = try plan([.install, .personalize, .activate], .random)
        #expect(sessions.count == 2)
        guard case .issuer(let operations) = sessions[0], case .securityDomain(.first, let steps) = sessions[1] else { Issue.record("wrong sessions"); return }
        #expect(operations.count == 2)
        #expect(steps.last == .rotateKeys)
    }

    @Test("inherited first keys: a session of the issuer's with the domain, right after the one that makes it")
    func inherited() throws {
        let domain = try Documents.ticket().service.securityDomain
        let keying = PlannedSession.issuer([.putFirstKeys(aid: domain)])
        for remainder in [false, true] {
            let predictable = try plan([.install, .personalize, .activate], .predictable, remainder: remainder, firstKeys: .inherited)
            #expect(predictable.count == 5)
            #expect(predictable[1] == keying && predictable[1].keyedDomain == domain && predictable[1].isIssuer)
            #expect(predictable[2] == .securityDomain(.first, [.rotateKeys]))
            #expect(predictable.map(\.isIssuer) == [true, true, false, false, true])
            let random = try plan([.install, .personalize, .activate], .random, remainder: remainder, firstKeys: .inherited)
            #expect(random.count == 3 && random[1] == keying && random.map(\.isIssuer) == [true, true, false])
        }
        // What creates no domain needs no keys for it.
        #expect(try plan([.activate], .predictable, firstKeys: .inherited).allSatisfy { $0.keyedDomain == nil })
        #expect(try plan([.install], .predictable).allSatisfy { $0.keyedDomain == nil })
    }

    @Test("later calls use the final keys and create nothing", arguments: [ChallengeKind.predictable, .random])
    func later(challenge: ChallengeKind) throws {
        let personalize = try plan([.personalize], challenge)
        guard personalize.count == 1, case .securityDomain(.final, let steps) = personalize[0] else { Issue.record("wrong sessions \(personalize)"); return }
        #expect(steps.count == 1)
        #expect(try plan([], challenge).isEmpty)
        let activate = try plan([.activate], challenge)
        #expect(activate.count == 2)
    }

    @Test("a remainder is removed in the same session that creates anew; suspension locks at the end")
    func remainder() throws {
        let sessions = try plan([.install, .activate], .predictable, lock: true, remainder: true)
        guard case .issuer(let operations) = sessions[0] else { Issue.record("no issuer first"); return }
        #expect(operations.count == 2)
        guard case .deleteSecurityDomain = operations[0], case .createSecurityDomain = operations[1] else { Issue.record("wrong order \(operations)"); return }
        guard case .securityDomain(.final, let steps) = sessions[2], case .proveApplication(_, state: 0x87) = steps.last else { Issue.record("not locked"); return }
    }

    @Test("a hash that is none is refused, naming the service")
    func badHash() throws {
        var document = try Documents.ticket()
        document.service.accessAuthorizedDeviceApps = ["xyz"]
        let input = DeploymentPlanner.Input(document: document, commands: [.install], lockAtEnd: false, challenge: .predictable, removesRemainder: false, transportKeyIndex: "t")
        #expect(throws: TSMFailure.self) { try DeploymentPlanner.sessions(input) }
    }

    @Test("termination: own deletions first, then the issuer's; without our keys the issuer alone")
    func termination() throws {
        let document = try Documents.ticket()
        let rule = SEI.AccessRule(aid: document.applications[0].instanceAid, deviceAppId: nil, apdu: true, nfc: false)
        let full = TerminationPlanner.sessions(document: document, ownKeysWork: true, holdsSecurityDomain: true, rules: [rule])
        #expect(full == [
            .securityDomain(.final, [.deleteInstance(document.applications[0].instanceAid), .deleteLoadFile(document.loadFiles[0].packageAid)]),
            .issuer([.removeAccessRules([rule]), .deleteSecurityDomain(aid: document.service.securityDomain)]),
        ])
        #expect(TerminationPlanner.sessions(document: document, ownKeysWork: false, holdsSecurityDomain: true, rules: []) == [.issuer([.deleteSecurityDomain(aid: document.service.securityDomain)])])
        #expect(TerminationPlanner.sessions(document: document, ownKeysWork: false, holdsSecurityDomain: false, rules: [rule]) == [.issuer([.removeAccessRules([rule])])])
        #expect(TerminationPlanner.sessions(document: document, ownKeysWork: true, holdsSecurityDomain: false, rules: []).isEmpty)
    }
}
