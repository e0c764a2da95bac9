import GlobalPlatform
import KeyVaultAPI
import SEIAPI
import SecureComponentSimulator
import Testing
@testable import SEITSMService

/// Results of several predicted sessions in one request: each counts as if it had come alone, as long as those before it verify.
@Suite struct FollowingResultsTests {
    private func operations() throws -> [[SEI.Operation]] { [[try Domain.creation()], [.status(aid: try aid(Domain.hex))]] }

    private func results(_ dialog: SEI.Dialog, on card: BenchCard) throws -> SEI.SessionResults {
        let first = try card.run(dialog.sessions[0].commands)
        return SEI.SessionResults(session: 0, responses: first, following: [SEI.FollowingResults(session: 1, responses: try card.run(dialog.sessions[1].commands))])
    }

    @Test func bothSessionsAreVerifiedAtOnce() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, try operations())
            let results = try results(dialog, on: card)
            let end = try await bench.desk.submitResults(dialog.dialogId, results)
            #expect(end.status == .completed && end.sessions.map(\.status) == [.verified, .verified])
            #expect(end.sessions[1].registry.count == 1)
            // Again, together or one by one: the same answer, and nothing changes.
            #expect(try await bench.desk.submitResults(dialog.dialogId, results) == end)
            #expect(try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: results.responses)) == end)
            let following = try #require(results.following?.first)
            #expect(try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 1, responses: following.responses)) == end)
            let journal = try await bench.engine.journal(subject: dialog.dialogId)
            #expect(journal.map(\.kind) == [.script, .script, .results, .results, .outcome, .outcome])
            let left = try await bench.engine.store.read { db in try ChannelTaskTable.next(10, db) }
            #expect(left.isEmpty)
        }
    }

    @Test func whatFollowsAFailureDoesNotCount() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, try operations())
            var results = try results(dialog, on: card)
            // The answers of the first session lose their MACs.
            results.responses[results.responses.count - 1] = try bytes("9000")
            let end = try await bench.desk.submitResults(dialog.dialogId, results)
            #expect(end.status == .failed && end.sessions.map(\.status) == [.failed, .failed])
            await expect(.dialogClosed) { try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 1, responses: results.following?[0].responses ?? [])) }
        }
    }

    @Test func aShortFollowerFailsAlone() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, try operations())
            var results = try results(dialog, on: card)
            results.following?[0].responses.removeLast()
            let end = try await bench.desk.submitResults(dialog.dialogId, results)
            #expect(end.status == .failed && end.sessions.map(\.status) == [.verified, .failed])
            let (component, domain) = (card.id, try aid(Domain.hex))
            #expect(try await bench.engine.store.read { db in try SecurityDomainTable.find(component: component, aid: domain, db) }?.state == .live)
        }
    }

    @Test func whatDoesNotFitIsRefusedAndNothingIsTaken() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, try operations())
            let good = try results(dialog, on: card)
            let follower = try #require(good.following?.first)
            for following in [
                [SEI.FollowingResults(session: 0, responses: good.responses)], [SEI.FollowingResults(session: 2, responses: follower.responses)],
                [SEI.FollowingResults(session: -1, responses: follower.responses)], [follower, follower],
                [SEI.FollowingResults(session: 1, responses: follower.responses + [try bytes("9000"), try bytes("9000")])],
                [SEI.FollowingResults(session: 1, responses: [try bytes("90")])], [SEI.FollowingResults](repeating: follower, count: 500),
            ] {
                await expect(.invalidRequest) {
                    try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: good.responses, following: following))
                }
            }
            // Nothing of it was taken, and an empty list is none.
            #expect(try await bench.desk.dialog(dialog.dialogId).sessions.map(\.status) == [.ready, .ready])
            let one = try await bench.desk.submitResults(dialog.dialogId, SEI.SessionResults(session: 0, responses: good.responses, following: []))
            #expect(one.sessions.map(\.status) == [.verified, .ready])
            #expect(try await bench.desk.submitResults(dialog.dialogId, good).status == .completed)
        }
    }

    @Test func aPredictionThatFailsLeadsToTheCardsChallenges() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            var request = try bench.request(card, try operations())
            request.sequenceCounter = try bytes("000077")
            let dialog = try await bench.desk.openDialog(request, idempotencyKey: "k")
            let results = try results(dialog, on: card)
            let next = try await bench.desk.submitResults(dialog.dialogId, results)
            #expect(next.status == .open && next.sessions.map(\.status) == [.ready, .waiting] && next.sessions[0].commands.count == 2)
            #expect(try await bench.relay(next, on: card).dialog.status == .completed)
        }
    }
}
