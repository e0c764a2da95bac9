import GlobalPlatform
import GRDB
import KeyVaultAPI
import SEIAPI
import SecureComponentSimulator
import Testing
@testable import SEITSMService

/// SP TSMs that open dialogs and checks and bring nothing back.
@Suite struct UnprovenSessionsTests {
    private func reading() throws -> [SEI.Operation] { [.status(aid: try aid(Domain.hex))] }

    private func rows(_ bench: IssuerBench, _ table: String) async throws -> Int {
        try await bench.engine.store.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }

    @Test(arguments: [true, false]) func whoNeverReportsIsStoppedAndNobodyElse(predicted: Bool) async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            _ = try await bench.prove(card, to: IssuerBench.otherSpTsm)
            for number in 0..<4 {
                let dialog = try await bench.open(card, [try reading()], predicted: predicted, key: "silent-\(number)")
                try await bench.desk.abandonDialog(dialog.dialogId)
            }
            let (dialogs, journal) = (try await rows(bench, "dialog"), try await rows(bench, "journal"))
            for number in 4..<20 { await expect(.componentBlocked) { try await bench.open(card, [try reading()], predicted: predicted, key: "silent-\(number)") } }
            // Nothing of the refused ones stays.
            #expect(try await rows(bench, "dialog") == dialogs)
            #expect(try await rows(bench, "journal") == journal)

            // Another SP TSM goes on as ever with the same component.
            let other = bench.engine.as(IssuerBench.otherSpTsm)
            let request = try bench.request(card, [[.status(aid: try aid("f054534d5401"))]], predicted: predicted)
            var dialog = try await other.openDialog(request, idempotencyKey: "other")
            while dialog.status == .open {
                dialog = try await other.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: try card.run(dialog.sessions[0].commands)))
            }
            #expect(dialog.status == .completed)
            await expect(.componentBlocked) { try await bench.open(card, [try reading()], predicted: predicted, key: "still") }

            // The operator has found out why.
            _ = try await bench.engine.setBlocked(false, component: card.id)
            #expect(try await bench.relay(try await bench.open(card, [try reading()], predicted: predicted, key: "released"), on: card).dialog.status == .completed)
        }
    }

    @Test func aVerifiedSessionClearsTheAccount() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            for round in 0..<4 {
                for number in 0..<3 {
                    let dialog = try await bench.open(card, [try reading()], key: "\(round)-\(number)")
                    try await bench.desk.abandonDialog(dialog.dialogId)
                }
                #expect(try await bench.relay(try await bench.open(card, [try reading()], key: "good-\(round)"), on: card).dialog.status == .completed)
            }
        }
    }

    @Test func aFirstDialogMayHaveMoreSessionsThanTheLimit() async throws {
        try await withBench({ $0.maximumUnprovenSessions = 1 }) { bench in
            let card = try await bench.provenCard()
            let many = try (0..<6).map { _ in try reading() }
            let dialog = try await bench.open(card, many)
            try await bench.desk.abandonDialog(dialog.dialogId)
            await expect(.componentBlocked) { try await bench.open(card, [try reading()], key: "2") }
            await expect(.componentBlocked) { try await bench.open(card, [try reading()], predicted: false, key: "3") }
        }
    }

    @Test func checksThatNobodyAnswersAreForgotten() async throws {
        try await withBench { bench in
            let card = try await bench.addCard()
            let desk = bench.desk
            var begun: [SEI.EligibilityChallenge] = []
            for _ in 0..<(SEIEngine.maximumUnansweredChecks + 10) { begun.append(try await desk.beginEligibility(SEI.EligibilityRequest(claim: card.claim))) }
            #expect(try await rows(bench, "eligibility") == SEIEngine.maximumUnansweredChecks)
            #expect(try await rows(bench, "journal") == SEIEngine.maximumUnansweredChecks)
            // The newest is answered as ever, the oldest is forgotten.
            let (oldest, newest) = (try #require(begun.first), try #require(begun.last))
            await expect(.notFound) { try await desk.submitEvidence(oldest.eligibilityId, SEI.Evidence(responses: card.run(oldest.commands))) }
            #expect(try await desk.submitEvidence(newest.eligibilityId, SEI.Evidence(responses: card.run(newest.commands))).eligible)

            bench.clock.advance(by: 2 * bench.settings.eligibilityValidity + 1)
            try await bench.engine.housekeep()
            #expect(try await rows(bench, "eligibility") == 1)
            let kinds = try await bench.engine.journal(subject: newest.eligibilityId).map(\.kind)
            #expect(kinds == [.script, .results, .outcome])
            #expect(try await rows(bench, "journal") == 3)
        }
    }
}
