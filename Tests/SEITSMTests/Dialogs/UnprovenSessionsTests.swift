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

    /// Nothing after EXTERNAL AUTHENTICATE reaches the card; "not found" is put in its place, without an R-MAC.
    private func lie(_ dialog: SEI.Dialog, _ bench: IssuerBench, on card: BenchCard) async throws -> SEI.Dialog {
        var dialog = dialog
        while dialog.status == .open {
            let commands = dialog.sessions[0].commands
            // SELECT and INITIALIZE UPDATE alone, or EXTERNAL AUTHENTICATE with what is wrapped behind it, or all of it.
            let honest = commands.count == 2 ? 2 : commands[0].bytes[1] == 0xA4 ? 3 : 1
            var responses = try card.run(Array(commands.prefix(honest)))
            if honest != 2 { responses.append(try bytes("6a88")) }
            dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses))
        }
        return dialog
    }

    /// A component without access rule application, where a bare "not found" may be true.
    private func cardWithoutRules(_ bench: IssuerBench) async throws -> BenchCard {
        let card = try BenchCard()
        var entry = card.entry
        entry.accessRuleApplication = nil
        _ = try await bench.engine.addComponents([entry])
        for spTsm in [IssuerBench.spTsm, IssuerBench.otherSpTsm] { #expect(try await bench.prove(card, to: spTsm).eligible) }
        return card
    }

    private func anotherGoesOn(_ bench: IssuerBench, _ card: BenchCard) async throws {
        let other = bench.engine.as(IssuerBench.otherSpTsm)
        var dialog = try await other.openDialog(try bench.request(card, [[.status(aid: try aid("f054534d5401"))]]), idempotencyKey: "other")
        while dialog.status == .open {
            dialog = try await other.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: try card.run(dialog.sessions[0].commands)))
        }
        #expect(dialog.status == .completed, "\(dialog.failure ?? "")")
    }

    @Test(arguments: [true, false]) func repetitionsWithinADialogCount(predicted: Bool) async throws {
        try await withBench { bench in
            let card = try await cardWithoutRules(bench)
            let deletions = try (0..<6).map { SEI.Operation.deleteSecurityDomain(aid: try aid("f054534d531\($0)")) }
            let creations = try (0..<6).map { SEI.Operation.createSecurityDomain(aid: try aid("f054534d531\($0)"), quotas: SEI.Quotas(nonVolatile: 4_000, volatile: nil),
                                                                                transportKeyIndex: IssuerBench.transportKey, keyVersionNumber: 0x30, deviceAppIds: []) }
            #expect(try await bench.relay(try await bench.open(card, [creations]), on: card).dialog.status == .completed)

            let end = try await lie(try await bench.open(card, [deletions], predicted: predicted, key: "lie"), bench, on: card)
            #expect(end.status == .failed)
            #expect(end.failure?.contains("no answer has proven") == true, "\(end.failure ?? "")")
            await expect(.componentBlocked) { try await bench.open(card, [[deletions[0]]], key: "again") }
            try await anotherGoesOn(bench, card)
        }
    }

    /// A listing that came back empty, from a card that may be empty: good enough to go on, no proof that the card accepted the authentication.
    @Test func whatIsVerifiedWithoutProofClearsNothing() async throws {
        try await withBench { bench in
            let card = try await cardWithoutRules(bench)
            var dialog = try await bench.open(card, [try reading()])
            while dialog.status == .open {
                let commands = dialog.sessions[0].commands
                let isOpening = commands.count == 2 && commands[0].bytes[1] == 0xA4
                var responses = try card.run(isOpening ? commands : Array(commands.dropLast()))
                if !isOpening { responses.append(try bytes("6a88")) }
                dialog = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: responses))
            }
            #expect(dialog.status == .completed && dialog.sessions[0].proven == false, "\(dialog.failure ?? "")")
            #expect(try await bench.engine.unprovenSessions(card.id, IssuerBench.spTsm) == 1)
            #expect(try await bench.relay(try await bench.open(card, [try reading()], key: "honest"), on: card).dialog.status == .completed)
            #expect(try await bench.engine.unprovenSessions(card.id, IssuerBench.spTsm) == 0)
        }
    }

    /// Answers without R-MAC look alike whatever they answer; they are not taken for results that were reported before.
    @Test func equalResultsOfLaterSessionsAreNewResults() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let absent = try (0..<4).map { SEI.Operation.status(aid: try aid("f054534d531\($0)")) }
            for (number, predicted) in [true, false].enumerated() {
                let (end, _) = try await bench.relay(try await bench.open(card, [absent], predicted: predicted, key: "absent-\(number)"), on: card, limit: 32)
                #expect(end.status == .completed, "\(end.failure ?? "")")
            }
        }
    }

    /// Each absence that is really so costs another session, and each of these proves itself by what comes next.
    @Test func honestRepetitionsGoOn() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let rules = try (0..<8).map { SEI.AccessRule(aid: try aid("f054534d531\($0)"), deviceAppId: HexBytes(Domain.app), apdu: true, nfc: false) }
            #expect(try await bench.relay(try await bench.open(card, [[.addAccessRules(rules)]]), on: card).dialog.status == .completed)
            for (number, predicted) in [true, true, false].enumerated() {
                let (end, _) = try await bench.relay(try await bench.open(card, [[.removeAccessRules(rules)]], predicted: predicted, key: "remove-\(number)"), on: card, limit: 64)
                #expect(end.status == .completed, "\(end.failure ?? "")")
            }
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
