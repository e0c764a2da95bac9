import Foundation
import GlobalPlatform
import KeyVaultAPI
import SEIAPI
import SecureComponentSimulator
import Testing
@testable import SEITSMService

@Suite struct DialogTests {
    @Test func predictedCreationInOneStepPerSession() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let domain = try aid(Domain.hex)
            let app = HexBytes(Domain.app)
            let rule = SEI.AccessRule(aid: try aid("f054534d5302"), deviceAppId: app, apdu: true, nfc: true)
            let dialog = try await bench.open(card, [[try Domain.creation(deviceAppIds: [app])], [.addAccessRules([rule])]])
            #expect(dialog.sessions.map(\.status) == [.ready, .ready])
            #expect(dialog.sessions.allSatisfy { $0.commands.first == HexBytes(SelectCommand(aid: .issuerSecurityDomain).apdu.bytes) })
            let first = try #require(dialog.sessions.first)
            #expect(first.steps.first?.first == 0)
            #expect(first.steps.reduce(0) { $0 + $1.count } == first.commands.count)
            #expect(first.steps.contains { $0.name == "make security domain \(domain)" })

            // The first keys are the SP TSM's before the card has them.
            let handed = try #require(dialog.firstKeySets.first)
            #expect(handed.securityDomain == domain)
            let imported = try await bench.spKeys.importKeySet(ImportKeySetRequest(wrapped: handed.keySet, purpose: .supplementarySecurityDomain, owner: "sp", label: "first"))

            let (end, submissions) = try await bench.relay(dialog, on: card)
            #expect(end.status == .completed)
            #expect(end.failure == nil)
            #expect(submissions == 2)
            let entry = try #require(card.entry(domain))
            #expect(entry.privileges == .serviceProviderSecurityDomain)
            #expect(card.card.image.keySets(of: domain).map(\.version) == [0x30])
            #expect(try rules(on: card).contains(AccessRuleScript.rule(rule)))
            #expect(try rules(on: card).contains(AccessRuleScript.rule(SEI.AccessRule(aid: domain, deviceAppId: app, apdu: true, nfc: false))))
            try await openDomain(bench, card, domain, imported.id)
        }
    }

    /// The SP TSM's own session with KVN 30 works: foreseen, counter 000001.
    private func openDomain(_ bench: IssuerBench, _ card: BenchCard, _ domain: AID, _ keySet: String, parameter: UInt8 = 0x70) async throws {
        let status = HexBytes(GetStatusCommand(scope: .applications, aid: domain).apdu.bytes)
        let channel = try await bench.spKeys.openChannel(OpenChannelRequest(
            keys: .keySet(id: keySet), keyVersionNumber: 0x30, securityDomain: domain, scpParameter: parameter, securityLevel: 0x33, mode: .challenge,
            process: "p", commands: []))
        _ = try card.card.transmit(SelectCommand(aid: domain).apdu)
        let answer = try card.run([try #require(channel.initializeUpdate)])
        let script = try await bench.spKeys.authenticate(channel: channel.channelId, AuthenticateChannelRequest(initializeUpdateResponse: answer[0], commands: [.apdu(status)]))
        let responses = try card.run([try #require(script.externalAuthenticate)] + script.wrapped.joined())
        let report = try await bench.spKeys.report(channel: channel.channelId, ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: responses[0], responses: Array(responses.dropFirst())))
        #expect(report.outcome == .complete)
        _ = try card.card.transmit(SelectCommand(aid: .issuerSecurityDomain).apdu)
    }

    @Test(arguments: [CardProfile.eSE, .eSERandom]) func creationWithTheCardsChallenge(profile: CardProfile) async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: profile)
            let domain = try aid(Domain.hex)
            let dialog = try await bench.open(card, [[try Domain.creation()], [.status(aid: domain)]], predicted: false)
            #expect(dialog.sessions.map(\.status) == [.ready, .waiting])
            #expect(dialog.sessions[0].commands.count == 2)
            let imported = try await bench.spKeys.importKeySet(ImportKeySetRequest(
                wrapped: try #require(dialog.firstKeySets.first).keySet, purpose: .supplementarySecurityDomain, owner: "sp", label: "first"))
            let (end, submissions) = try await bench.relay(dialog, on: card)
            #expect(end.status == .completed)
            #expect(submissions == 4)
            let reading = try #require(end.sessions[1].registry.first)
            #expect(try RegistryEntry(parsing: TLV.parse(reading.bytes)).aid == domain)
            try await openDomain(bench, card, domain, imported.id, parameter: profile.scp03Options[0])
        }
    }

    @Test func deletionLeavesTheCardAsItWas() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let before = Set(card.card.image.registry.map(\.aid))
            let rulesBefore = try rules(on: card)
            let app = HexBytes(Domain.app)
            let rule = SEI.AccessRule(aid: try aid("f054534d5302"), deviceAppId: app, apdu: true, nfc: false)
            try await bench.relay(try await bench.open(card, [[try Domain.creation(deviceAppIds: [app])], [.addAccessRules([rule])]]), on: card)
            let keySet = try await keySets(bench, card).first
            #expect(try await bench.issuerKeys.keySet(id: try #require(keySet)).state == .live)

            let dialog = try await bench.open(card, [[.removeAccessRules([rule]), .deleteSecurityDomain(aid: try aid(Domain.hex))]], key: "key-2")
            let (end, submissions) = try await bench.relay(dialog, on: card)
            #expect(end.status == .completed)
            #expect(submissions == 1)
            #expect(Set(card.card.image.registry.map(\.aid)) == before)
            #expect(try rules(on: card) == rulesBefore)
            #expect(try await bench.issuerKeys.keySet(id: try #require(keySet)).state == .destroyed)

            // Once more: what is gone is gone, and its absence is proven by a list.
            let again = try await bench.open(card, [[.deleteSecurityDomain(aid: try aid(Domain.hex))]], key: "key-3")
            #expect(try await bench.relay(again, on: card).dialog.status == .completed)
            // And it can be made anew.
            let anew = try await bench.open(card, [[try Domain.creation()]], key: "key-4")
            #expect(try await bench.relay(anew, on: card).dialog.status == .completed)
        }
    }

    @Test func rulesThatExistOrDoNotAreNoFailure() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let rules = try (0..<3).map { SEI.AccessRule(aid: try aid("f054534d531\($0)"), deviceAppId: HexBytes(Domain.app), apdu: true, nfc: false) }
            try await bench.relay(try await bench.open(card, [[.addAccessRules([rules[1]])]]), on: card)
            let all = try await bench.relay(try await bench.open(card, [[.addAccessRules(rules)]], key: "2"), on: card)
            #expect(all.dialog.status == .completed)
            for rule in rules { #expect(try self.rules(on: card).contains(AccessRuleScript.rule(rule))) }
            try await bench.relay(try await bench.open(card, [[.removeAccessRules([rules[0], rules[1]])]], key: "3"), on: card)
            let removed = try await bench.relay(try await bench.open(card, [[.removeAccessRules(rules)]], key: "4"), on: card)
            #expect(removed.dialog.status == .completed)
            for rule in rules { #expect(try !self.rules(on: card).contains(AccessRuleScript.rule(rule))) }
        }
    }

    @Test func statusOfWhatIsNotThereIsProvenAndEmpty() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[.status(aid: try aid(Domain.hex)), .status(aid: try aid("f054534d5309"))]])
            let (end, _) = try await bench.relay(dialog, on: card)
            #expect(end.status == .completed)
            #expect(end.sessions[0].registry.isEmpty)
        }
    }

    @Test func absenceIsProvenOverSeveralPages() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let others = try (0..<30).map { try aid("f054534d53ff0\($0 / 10)0\($0 % 10)") }
            let creations = others.map {
                SEI.Operation.createSecurityDomain(aid: $0, quotas: SEI.Quotas(nonVolatile: nil, volatile: nil), transportKeyIndex: IssuerBench.transportKey,
                                                   keyVersionNumber: 0x30, deviceAppIds: [])
            }
            #expect(try await bench.relay(try await bench.open(card, [creations]), on: card).dialog.status == .completed)
            let domain = try aid(Domain.hex)
            let (end, submissions) = try await bench.relay(try await bench.open(card, [[.status(aid: domain), .status(aid: others[7])]], key: "2"), on: card)
            #expect(end.status == .completed, "\(end.failure ?? "")")
            // Whole, SELECT and INITIALIZE UPDATE, the rest with the first page, further pages.
            #expect(submissions > 3)
            #expect(end.sessions[0].registry.count == 1)
        }
    }

    @Test func aLyingHandsetCannotMakeADomainAbsent() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            try await bench.relay(try await bench.open(card, [[try Domain.creation()]]), on: card)
            let keySet = try #require(try await keySets(bench, card).first)
            var dialog = try await bench.open(card, [[.deleteSecurityDomain(aid: try aid(Domain.hex))]], key: "2")
            // DELETE never reaches the card; the handset claims that the domain was not found.
            let upToDelete = try card.run(Array(dialog.sessions[0].commands.prefix(3)))
            dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: upToDelete + [try bytes("6a88")]))
            #expect(dialog.status == .open)
            let (end, _) = try await bench.relay(dialog, on: card)
            #expect(end.status == .failed)
            #expect(end.failure?.contains("lists it") == true)
            #expect(try await bench.issuerKeys.keySet(id: keySet).state == .live)
        }
    }

    /// Lies twice: DELETE and the list that is to prove its answer never reach the card.
    private func lieOfDeletion(_ bench: IssuerBench, _ card: BenchCard, key: String) async throws -> SEI.Dialog {
        var dialog = try await bench.open(card, [[.deleteSecurityDomain(aid: try aid(Domain.hex))]], key: key)
        // SELECT, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE.
        let upToDelete = try card.run(Array(dialog.sessions[0].commands.prefix(3)))
        dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: upToDelete + [try bytes("6a88")]))
        dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: try card.run(dialog.sessions[0].commands)))
        let upToList = try card.run(Array(dialog.sessions[0].commands.dropLast()))
        return try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: upToList + [try bytes("6a88")]))
    }

    @Test func aLyingHandsetCannotEmptyTheListEither() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            try await bench.relay(try await bench.open(card, [[try Domain.creation()]]), on: card)
            let keySet = try #require(try await keySets(bench, card).first)
            let end = try await lieOfDeletion(bench, card, key: "2")
            #expect(end.status == .failed)
            #expect(end.failure?.contains("did not come back") == true, "\(end.failure ?? "")")
            #expect(try await bench.issuerKeys.keySet(id: keySet).state == .live)
        }
    }

    /// Without an access rule application the list may be empty: then the answer says that it is only a report.
    @Test func reportedAbsenceIsNotCalledProven() async throws {
        try await withBench { bench in
            let card = try BenchCard()
            var entry = card.entry
            entry.accessRuleApplication = nil
            _ = try await bench.engine.addComponents([entry])
            _ = try await bench.prove(card)
            let made = try await bench.relay(try await bench.open(card, [[try Domain.creation()]]), on: card).dialog
            #expect(made.status == .completed && made.sessions[0].proven)
            let keySet = try #require(try await keySets(bench, card).first)

            let end = try await lieOfDeletion(bench, card, key: "2")
            #expect(end.status == .completed && end.sessions[0].status == .verified)
            #expect(!end.sessions[0].proven)
            #expect(try await bench.desk.dialog(end.dialogId) == end)
            #expect(try await bench.issuerKeys.keySet(id: keySet).state == .retired)
            let (component, domain) = (card.id, try aid(Domain.hex))
            let recorded = try await bench.engine.store.read { db in try SecurityDomainTable.find(component: component, aid: domain, db) }
            #expect(recorded?.state == .pending)

            // It is still there, and can really be deleted.
            let honest = try await bench.relay(try await bench.open(card, [[.deleteSecurityDomain(aid: domain)]], key: "3"), on: card).dialog
            #expect(honest.status == .completed && honest.sessions[0].proven)
            #expect(card.entry(domain) == nil)
            #expect(try await bench.issuerKeys.keySet(id: keySet).state == .destroyed)
        }
    }

    /// A handset that keeps its app's rule: DELETE never reaches the card, which is said to have no such rule.
    @Test(arguments: [true, false]) func aLyingHandsetCannotKeepItsRule(predicted: Bool) async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let rules = try (0..<2).map { SEI.AccessRule(aid: try aid("f054534d531\($0)"), deviceAppId: HexBytes(Domain.app), apdu: true, nfc: false) }
            try await bench.relay(try await bench.open(card, [[.addAccessRules(rules)]]), on: card)
            func lie(_ key: String) async throws -> SEI.Dialog {
                var dialog = try await bench.open(card, [[.removeAccessRules(rules)]], predicted: predicted, key: key)
                if !predicted {
                    dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: try card.run(dialog.sessions[0].commands)))
                }
                // Up to INSTALL [for personalization] of the access rule application.
                let before = try card.run(Array(dialog.sessions[0].commands.prefix(predicted ? 4 : 2)))
                return try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: before + [try bytes("6a88")]))
            }
            let first = try await lie("2")
            #expect(first.status == .open && first.sessions[0].status == .ready)
            // Going on honestly, the rules are gone.
            let end = try await bench.relay(first, on: card).dialog
            #expect(end.status == .completed && end.sessions[0].proven, "\(end.failure ?? "")")
            for rule in rules { #expect(try !self.rules(on: card).contains(AccessRuleScript.rule(rule))) }

            // Lying again: what is written can be deleted, so "not found" is no answer.
            try await bench.relay(try await bench.open(card, [[.addAccessRules(rules)]], key: "3"), on: card)
            var second = try await lie("4")
            while second.status == .open {
                let commands = second.sessions[0].commands
                if commands.count == 2 {
                    second = try await bench.desk.submitResults(second.dialogId, SEI.SessionResults(session: 0, responses: try card.run(commands)))
                    continue
                }
                // EXTERNAL AUTHENTICATE and INSTALL [for personalization]; then nothing reaches the card.
                let before = try card.run(Array(commands.prefix(2)))
                second = try await bench.desk.submitResults(second.dialogId, SEI.SessionResults(session: 0, responses: before + [try bytes("6a88")]))
            }
            #expect(second.status == .failed)
            for rule in rules { #expect(try self.rules(on: card).contains(AccessRuleScript.rule(rule))) }
        }
    }

    @Test func bareTruncationIsNoSuccess() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            try await bench.relay(try await bench.open(card, [[try Domain.creation()]]), on: card)
            let keySet = try #require(try await keySets(bench, card).first)
            let dialog = try await bench.open(card, [[.deleteSecurityDomain(aid: try aid(Domain.hex))]], key: "2")
            var responses = try card.run(dialog.sessions[0].commands)
            // The card's answer to DELETE, whatever it was, is replaced; the MACs of later answers do not cover it.
            responses[3] = try bytes("62f1")
            let end = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses))
            #expect(end.status == .failed)
            #expect(end.failure?.contains("62f1 carries no R-MAC") == true, "\(end.failure ?? "")")
            #expect(try await bench.issuerKeys.keySet(id: keySet).state == .live)
        }
    }

    @Test func channelsOfVerifiedSessionsAreClosedAfterwards() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            bench.flaky.failNext("closeChannel", losing: .request)
            let end = try await bench.relay(try await bench.open(card, [[try Domain.creation()], [.status(aid: try aid(Domain.hex))]]), on: card).dialog
            #expect(end.status == .completed)
            // The vault was away: it is told later.
            let left = try await bench.engine.store.read { db in try ChannelTaskTable.next(10, db) }
            #expect(left.count == 2)
            bench.flaky.failNext("closeChannel", losing: .request)
            try await bench.engine.housekeep()
            #expect(try await bench.engine.store.read { db in try ChannelTaskTable.next(10, db) } == left)
            try await bench.engine.housekeep()
            #expect(try await bench.engine.store.read { db in try ChannelTaskTable.next(10, db) }.isEmpty)
            for channel in left {
                do {
                    _ = try await bench.issuerKeys.report(channel: channel, ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: nil, responses: []))
                    Issue.record("channel \(channel) is open")
                } catch let error as KeyVaultError {
                    #expect(error.code == .wrongState && error.reason.contains("closed"))
                }
            }
        }
    }

    @Test func anotherCounterThanForeseenTakesTheOtherPath() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            var request = try bench.request(card, [[try Domain.creation()], [.status(aid: try aid(Domain.hex))]])
            request.sequenceCounter = try bytes("000077")
            let dialog = try await bench.desk.openDialog(request, idempotencyKey: "k")
            let responses = try card.run(dialog.sessions[0].commands)
            #expect(responses.count == 3)
            let next = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses))
            #expect(next.status == .open)
            #expect(next.failure == nil)
            #expect(next.sessions.map(\.status) == [.ready, .waiting])
            #expect(next.sessions[0].commands.count == 2)
            #expect(next.firstKeySets == dialog.firstKeySets)
            #expect(try await bench.relay(next, on: card).dialog.status == .completed)
            #expect(card.entry(try aid(Domain.hex)) != nil)
        }
    }

    @Test func cardErrorIsNamedInWords() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[try Domain.creation()], [.status(aid: try aid(Domain.hex))]])
            card.card.inject(.at(3, .respond(StatusWord(rawValue: 0x6A84))))
            let responses = try card.run(dialog.sessions[0].commands)
            #expect(responses.count == 4)
            let end = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses))
            #expect(end.status == .failed)
            #expect(end.sessions.map(\.status) == [.failed, .failed])
            let failure = try #require(end.failure)
            #expect(failure.contains("make security domain \(Domain.hex)"))
            #expect(failure.contains("6a84"))
            #expect(failure.contains("not enough memory"))
            // The component is free again; what it holds is not known.
            await expect(.dialogClosed) { try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 1, responses: [])) }
            let component = try #require(try await bench.engine.components(after: nil, limit: 10).components.first)
            #expect(!component.contentKnown)
            let again = try await bench.open(card, [[try Domain.creation()]], key: "2")
            #expect(try await bench.relay(again, on: card).dialog.status == .completed)
            #expect(try #require(try await bench.engine.components(after: nil, limit: 10).components.first).contentKnown)
            let states = try await keySets(bench, card)
            #expect(try await bench.issuerKeys.keySet(id: states[0]).state == .destroyed)
            #expect(try await bench.issuerKeys.keySet(id: states[1]).state == .live)
        }
    }

    @Test(arguments: [1, 2, 3, 5]) func shortReportsFail(count: Int) async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[try Domain.creation()]])
            let responses = Array(try card.run(dialog.sessions[0].commands).prefix(count))
            let end = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses))
            #expect(end.status == .failed)
            #expect(end.failure?.contains("ended before") == true || end.failure?.contains("ended within") == true, "\(end.failure ?? "")")
        }
    }

    @Test func alteredResponseIsNotBelieved() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[try Domain.creation()]])
            var responses = try card.run(dialog.sessions[0].commands)
            responses[3].bytes[0] ^= 1
            let end = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses))
            #expect(end.status == .failed)
            #expect(end.failure?.contains("R-MAC") == true)
        }
    }

    @Test func identicalResultsGetTheSameAnswer() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: .eSERandom)
            let dialog = try await bench.open(card, [[try Domain.creation()]], predicted: false)
            let results = SEI.SessionResults(session: 0, responses: try card.run(dialog.sessions[0].commands))
            let answer = try await bench.desk.submitResults(dialog.dialogId, results)
            let repeated = try await bench.desk.submitResults(dialog.dialogId, results)
            #expect(repeated == answer)
            let last = SEI.SessionResults(session: 0, responses: try card.run(answer.sessions[0].commands))
            let end = try await bench.desk.submitResults(dialog.dialogId, last)
            #expect(end.status == .completed)
            #expect(try await bench.desk.submitResults(dialog.dialogId, last) == end)
            #expect(try await bench.desk.dialog(dialog.dialogId).status == .completed)
        }
    }

    @Test func resultsOutOfOrderOrOfAnotherDialogAreRefused() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let domain = try aid(Domain.hex)
            let dialog = try await bench.open(card, [[try Domain.creation()], [.status(aid: domain)]])
            let first = try card.run(dialog.sessions[0].commands)
            await expect(.invalidRequest) { try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 1, responses: first)) }
            await expect(.invalidRequest) { try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 7, responses: first)) }
            await expect(.invalidRequest) { try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: -1, responses: first)) }
            await expect(.invalidRequest) { try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: first + first)) }
            await expect(.invalidRequest) { try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: [try bytes("90")])) }
            await expect(.notFound) { try await bench.desk.submitResults("no-such-dialog", SEI.SessionResults(session: 0, responses: first)) }
            // Answers of another card are no proof of this one.
            let other = try await bench.provenCard(number: 2)
            let others = try other.run(dialog.sessions[0].commands)
            let end = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: others))
            #expect(end.status == .failed)
            #expect(end.failure?.contains("does not hold the issuer's keys") == true)
        }
    }

    @Test func restartBetweenOpeningAndResults() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[try Domain.creation()], [.status(aid: try aid(Domain.hex))]])
            let responses = try card.run(dialog.sessions[0].commands)
            try await bench.restart()
            let next = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses))
            #expect(next.sessions.map(\.status) == [.verified, .ready])
            try await bench.restart()
            #expect(try await bench.relay(next, on: card).dialog.status == .completed)
            try await bench.restart()
            #expect(try await bench.desk.dialog(dialog.dialogId).status == .completed)
        }
    }

    @Test func journalHoldsScriptsBeforeTheirResults() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[try Domain.creation()]])
            var kinds = try await bench.engine.journal(subject: dialog.dialogId).map(\.kind)
            #expect(kinds == [.script])
            try await bench.relay(dialog, on: card)
            let journal = try await bench.engine.journal(subject: dialog.dialogId)
            kinds = journal.map(\.kind)
            #expect(kinds == [.script, .results, .outcome])
            #expect(journal[0].apdus == dialog.sessions[0].commands)
            #expect(journal[2].note == "verified")
        }
    }

    private func keySets(_ bench: IssuerBench, _ card: BenchCard) async throws -> [String] {
        let (component, domain) = (card.id, try aid(Domain.hex))
        return try await bench.engine.store.read { db in try SecurityDomainTable.keySets(component: component, aid: domain, db).map(\.keySetId) }
    }

    private func rules(on card: BenchCard) throws -> [AccessRule] { try #require(card.card.image.accessRules) }
}
