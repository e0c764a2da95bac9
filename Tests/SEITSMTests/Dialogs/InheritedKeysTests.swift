import GlobalPlatform
import KeyVaultAPI
import SEIAPI
import SecureComponentSimulator
import Testing
@testable import SEITSMService

/// Components whose new security domains have the issuer's keys until their own are put (`firstKeys: inherited`).
@Suite struct InheritedKeysTests {
    private static func inherited(_ profile: CardProfile) -> CardProfile {
        var profile = profile
        profile.name += "-inherited"
        profile.firstKeys = .inherited
        return profile
    }
    static let predictable = inherited(.eSE)
    static let random = inherited(.eSERandom)

    private func operations() throws -> [[SEI.Operation]] {
        let app = HexBytes(Domain.app)
        let rule = SEI.AccessRule(aid: try aid("f054534d5302"), deviceAppId: app, apdu: true, nfc: false)
        return [[try Domain.creation(deviceAppIds: [app])], [.putFirstKeys(aid: try aid(Domain.hex))], [.addAccessRules([rule])]]
    }

    private func firstKeySets(_ bench: IssuerBench, _ card: BenchCard) async throws -> [FirstKeySetRecord] {
        let (component, domain) = (card.id, try aid(Domain.hex))
        return try await bench.engine.store.read { db in try SecurityDomainTable.keySets(component: component, aid: domain, db) }
    }

    /// The SP TSM's vault opens the new domain with the keys that it was handed.
    private func expectOpens(_ bench: IssuerBench, _ card: BenchCard, _ dialog: SEI.Dialog) async throws {
        let domain = try aid(Domain.hex)
        let imported = try await bench.spKeys.importKeySet(ImportKeySetRequest(
            wrapped: try #require(dialog.firstKeySets.first).keySet, purpose: .supplementarySecurityDomain, owner: "sp", label: "first"))
        let challenge = try await bench.spKeys.hostChallenge(HostChallengeRequest(keyVersionNumber: 0x30))
        _ = try card.card.transmit(SelectCommand(aid: domain).apdu)
        let answer = try #require(try card.run([challenge.initializeUpdate]).first)
        let verdict = try await bench.spKeys.verifyCryptogram(VerifyCryptogramRequest(
            challengeId: challenge.challengeId, initializeUpdateResponse: answer, securityDomain: domain, candidates: [.keySet(id: imported.id)]))
        #expect(verdict.matched == .keySet(id: imported.id))
    }

    @Test func predictedSessionsAreWrappedAtOnce() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: Self.predictable)
            let before = try #require(SequenceCounter(bytes: try card.counter().bytes)).value
            let dialog = try await bench.open(card, try operations())
            #expect(dialog.sessions.map(\.status) == [.ready, .ready, .ready])
            let selected = dialog.sessions.map { $0.commands.first }
            let (isd, ssd) = (HexBytes(SelectCommand(aid: .issuerSecurityDomain).apdu.bytes), HexBytes(SelectCommand(aid: try aid(Domain.hex)).apdu.bytes))
            #expect(selected == [isd, ssd, isd])
            // SELECT, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, PUT KEY.
            #expect(dialog.sessions[1].commands.count == 4)
            let (end, submissions) = try await bench.relay(dialog, on: card)
            #expect(end.status == .completed, "\(end.failure ?? "")")
            #expect(submissions == 3)
            // All three sessions ran under the issuer's keys: s+1, s+2 with the domain's AID, s+3.
            #expect(try #require(SequenceCounter(bytes: try card.counter().bytes)).value == before + 3)
            #expect(card.card.image.keySets(of: try aid(Domain.hex)).map(\.version) == [0x30])
            let keySet = try #require(try await firstKeySets(bench, card).first)
            #expect(keySet.session == 1 && keySet.counter == before + 2 && keySet.state == .live)
            #expect(try await bench.issuerKeys.keySet(id: keySet.keySetId).state == .live)
            try await expectOpens(bench, card, dialog)
        }
    }

    @Test func theDomainsOpeningGoesAlongWithItsCreation() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: Self.random)
            var dialog = try await bench.open(card, try operations(), predicted: false)
            #expect(dialog.sessions.map(\.status) == [.ready, .waiting, .waiting])
            dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: try card.run(dialog.sessions[0].commands)))
            #expect(dialog.sessions.map(\.status) == [.ready, .ready, .waiting])
            #expect(dialog.sessions[1].commands.first == HexBytes(SelectCommand(aid: try aid(Domain.hex)).apdu.bytes))
            #expect(dialog.sessions[1].commands.count == 2)
            // Everything that leaves is in the journal first.
            #expect(try await bench.engine.journal(subject: dialog.dialogId).count { $0.kind == .script } == 3)
            // One order with both, as an SP TSM sends it.
            let creation = try card.run(dialog.sessions[0].commands)
            let opening = try card.run(dialog.sessions[1].commands)
            dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: creation))
            #expect(dialog.sessions.map(\.status) == [.verified, .ready, .waiting])
            #expect(try await firstKeySets(bench, card).map(\.state) == [.pending])
            dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 1, responses: opening))
            let (end, submissions) = try await bench.relay(dialog, on: card)
            #expect(end.status == .completed, "\(end.failure ?? "")")
            #expect(submissions == 3)
            #expect(try await firstKeySets(bench, card).map(\.state) == [.live])
            try await expectOpens(bench, card, end)
        }
    }

    @Test(arguments: [predictable, random]) func anSPTSMThatRelaysSessionBySessionGetsThereToo(profile: CardProfile) async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: profile)
            let dialog = try await bench.open(card, try operations(), predicted: profile == Self.predictable)
            let end = try await bench.relay(dialog, on: card).dialog
            #expect(end.status == .completed, "\(end.failure ?? "")")
            // And the whole is taken back, with the keys.
            let rules = try operations()[2]
            guard case .addAccessRules(let written) = rules[0] else { return }
            let removal = try await bench.relay(try await bench.open(
                card, [[.removeAccessRules(written), .deleteSecurityDomain(aid: try aid(Domain.hex))]], predicted: profile == Self.predictable, key: "2"), on: card).dialog
            #expect(removal.status == .completed)
            #expect(card.entry(try aid(Domain.hex)) == nil)
            #expect(try await firstKeySets(bench, card).map(\.state) == [.destroyed])
        }
    }

    @Test func anotherCounterThanForeseenForTheDomain() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: Self.predictable)
            var dialog = try await bench.open(card, try operations())
            dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: try card.run(dialog.sessions[0].commands)))
            // Another program opens the issuer security domain in between.
            _ = try card.card.transmit(SelectCommand(aid: .issuerSecurityDomain).apdu)
            _ = try card.card.transmit(SCP03HostSession.initializeUpdate(kvn: 0x30, hostChallenge: [1, 2, 3, 4, 5, 6, 7, 8]))
            dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 1, responses: try card.run(dialog.sessions[1].commands)))
            #expect(dialog.sessions.map(\.status) == [.verified, .ready, .waiting])
            #expect(try await bench.relay(dialog, on: card).dialog.status == .completed)
            try await expectOpens(bench, card, dialog)
        }
    }

    @Test func aDomainWithoutKeysOfItsOwnIsDeletedAndMadeAnew() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: Self.predictable)
            let dialog = try await bench.open(card, try operations())
            let made = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: try card.run(dialog.sessions[0].commands)))
            card.card.inject(.at(3, .respond(StatusWord(rawValue: 0x6A84))))
            let end = try await bench.desk.submitResults(made.dialogId, SEI.SessionResults(session: 1, responses: try card.run(made.sessions[1].commands)))
            #expect(end.status == .failed)
            #expect(end.failure?.contains("put the first keys") == true && end.failure?.contains("6a84") == true, "\(end.failure ?? "")")
            #expect(try await firstKeySets(bench, card).map(\.state) == [.pending])
            await expect(.contractViolation) { try await bench.open(card, try operations(), key: "2") }
            let anew = try await bench.open(card, [[.deleteSecurityDomain(aid: try aid(Domain.hex)), try Domain.creation()], [.putFirstKeys(aid: try aid(Domain.hex))]], key: "3")
            #expect(try await bench.relay(anew, on: card).dialog.status == .completed)
            #expect(try await firstKeySets(bench, card).map(\.state) == [.destroyed, .live])
        }
    }

    @Test func firstKeysHaveTheirPlace() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: Self.predictable)
            let (domain, other) = (try aid(Domain.hex), try aid("f054534d5309"))
            let creation = try Domain.creation()
            let put = SEI.Operation.putFirstKeys(aid: domain)
            let refused: [[[SEI.Operation]]] = [
                [[creation]], [[put]], [[creation, put]], [[creation], [.status(aid: domain)], [put]], [[creation], [put, .status(aid: domain)]],
                [[creation], [.putFirstKeys(aid: other)]], [[creation], [put], [put]],
            ]
            for (index, sessions) in refused.enumerated() {
                await expect(.invalidRequest) { try await bench.open(card, sessions, key: "refused-\(index)") }
            }
            // Where first keys are stored at the creation, there is nothing to put.
            let usual = try await bench.provenCard(number: 2)
            await expect(.invalidRequest) { try await bench.open(usual, [[creation], [put]], key: "usual") }
            // Two domains, one session of keys for each.
            let second = SEI.Operation.createSecurityDomain(aid: other, quotas: SEI.Quotas(nonVolatile: nil, volatile: nil), transportKeyIndex: IssuerBench.transportKey,
                                                            keyVersionNumber: 0x31, deviceAppIds: [])
            let both = try await bench.open(card, [[creation, second], [put], [.putFirstKeys(aid: other)]], key: "both")
            #expect(try await bench.relay(both, on: card).dialog.status == .completed)
            #expect(card.card.image.keySets(of: domain).map(\.version) == [0x30] && card.card.image.keySets(of: other).map(\.version) == [0x31])
        }
    }
}
