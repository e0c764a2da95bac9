import GlobalPlatform
import KeyVaultAPI
import SEIAPI
import SecureComponentSimulator
import Testing
@testable import SEITSMService

/// The vault's line breaks anywhere; the same request again leads on.
@Suite struct VaultFailureTests {
    @Test(arguments: ["namedKeys", "createKeySet", "exportKeySet", "openChannel"], [FlakyVault.Break.request, .answer])
    func openingCanBeRepeated(operation: String, lost: FlakyVault.Break) async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let request = try bench.request(card, [[try Domain.creation()]])
            bench.flaky.failNext(operation, losing: lost)
            await expect(.unavailable) { try await bench.desk.openDialog(request, idempotencyKey: "k") }
            let dialog = try await bench.desk.openDialog(request, idempotencyKey: "k")
            #expect(try await bench.relay(dialog, on: card).dialog.status == .completed)
        }
    }

    @Test(arguments: ["report", "changeState"], [FlakyVault.Break.request, .answer])
    func predictedResultsCanBeRepeated(operation: String, lost: FlakyVault.Break) async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[try Domain.creation()]])
            let results = SEI.SessionResults(session: 0, responses: try card.run(dialog.sessions[0].commands))
            bench.flaky.failNext(operation, losing: lost)
            if operation == "report" { await expect(.unavailable) { try await bench.desk.submitResults(dialog.dialogId, results) } }
            #expect(try await bench.desk.submitResults(dialog.dialogId, results).status == .completed)
            // What the vault was not told it is told later.
            try await bench.engine.housekeep()
            let (component, domain) = (card.id, try aid(Domain.hex))
            let keySet = try await bench.engine.store.read { db in try SecurityDomainTable.keySets(component: component, aid: domain, db) }
            #expect(try await bench.issuerKeys.keySet(id: try #require(keySet.first).keySetId).state == .live)
        }
    }

    @Test(arguments: ["authenticate", "report", "openChannel"], [FlakyVault.Break.request, .answer])
    func resultsWithTheCardsChallengeCanBeRepeated(operation: String, lost: FlakyVault.Break) async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: .eSERandom)
            var dialog = try await bench.open(card, [[try Domain.creation()], [.status(aid: try aid(Domain.hex))]], predicted: false)
            bench.flaky.failNext(operation, losing: lost)
            var failures = 0
            for _ in 0..<12 where dialog.status == .open {
                let next = try #require(dialog.sessions.firstIndex { $0.status == .ready })
                let results = SEI.SessionResults(session: next, responses: try card.run(dialog.sessions[next].commands))
                do {
                    dialog = try await bench.desk.submitResults(dialog.dialogId, results)
                } catch let error as SEIError {
                    #expect(error.code == .unavailable)
                    failures += 1
                    dialog = try await bench.desk.submitResults(dialog.dialogId, results)
                }
            }
            #expect(failures == 1)
            #expect(dialog.status == .completed)
            #expect(card.entry(try aid(Domain.hex)) != nil)
        }
    }

    @Test func lostScriptIsThereOnTheNextContact() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard(profile: .eSERandom)
            let dialog = try await bench.open(card, [[.status(aid: try aid(Domain.hex))], [.status(aid: try aid(Domain.hex))]], predicted: false)
            let opening = SEI.SessionResults(session: 0, responses: try card.run(dialog.sessions[0].commands))
            bench.flaky.failNext("authenticate", losing: .answer)
            await expect(.unavailable) { try await bench.desk.submitResults(dialog.dialogId, opening) }
            // The vault's channel is spent; the session begins anew, and the card has no objection.
            let anew = try await bench.desk.submitResults(dialog.dialogId, opening)
            #expect(anew.sessions[0].status == .ready)
            #expect(anew.sessions[0].commands.count == 2)
            #expect(anew.sessions[0].commands != dialog.sessions[0].commands)
            #expect(try await bench.relay(anew, on: card).dialog.status == .completed)
        }
    }

    @Test func eligibilityWithoutAVault() async throws {
        try await withBench { bench in
            let card = try await bench.addCard()
            bench.flaky.failNext("hostChallenge", losing: .request)
            await expect(.unavailable) { try await bench.prove(card) }
            bench.flaky.failNext("verifyCryptogram", losing: .answer)
            await expect(.unavailable) { try await bench.prove(card) }
            #expect(try await bench.prove(card).eligible)
        }
    }
}
