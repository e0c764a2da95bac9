import GRDB
import GlobalPlatform
import SEIAPI
import Testing
@testable import SEITSMService

@Suite struct RetentionTests {
    /// Journal and closed dialogs go after the retention, not a day before; what is younger, and what the component holds, stays.
    @Test func journalAndClosedDialogsAreForgotten() async throws {
        try await withBench({ $0.proofValidity = 365 * 86_400 }) { bench in
            let card = try await bench.provenCard()
            let old = try await bench.relay(try await bench.open(card, [[try Domain.creation()]]), on: card).dialog
            let checks = try await bench.engine.store.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM eligibility") }
            #expect(checks == 1)
            bench.clock.advance(by: 89 * 86_400)
            try await bench.engine.housekeep()
            #expect(try await bench.engine.journal(subject: old.dialogId).count == 3)
            #expect(try await bench.desk.dialog(old.dialogId).status == .completed)

            let young = try await bench.relay(try await bench.open(card, [[.status(aid: try aid(Domain.hex))]], key: "young"), on: card).dialog
            bench.clock.advance(by: 2 * 86_400)
            try await bench.engine.housekeep()
            #expect(try await bench.engine.journal(subject: old.dialogId).isEmpty)
            await expect(.notFound) { try await bench.desk.dialog(old.dialogId) }
            #expect(try await bench.engine.journal(subject: young.dialogId).count == 3)
            #expect(try await bench.desk.dialog(young.dialogId).status == .completed)
            let answers = try await bench.engine.store.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM dialog_answer WHERE dialog_id = ?", arguments: [old.dialogId]) }
            #expect(answers == 0)

            // The domain and its key set are not forgotten: it can be deleted, and its keys with it.
            let removal = try await bench.relay(try await bench.open(card, [[.deleteSecurityDomain(aid: try aid(Domain.hex))]], key: "removal"), on: card).dialog
            #expect(removal.status == .completed)
            let (component, domain) = (card.id, try aid(Domain.hex))
            let keySets = try await bench.engine.store.read { db in try SecurityDomainTable.keySets(component: component, aid: domain, db) }
            #expect(keySets.map(\.state) == [.destroyed])
        }
    }

    @Test func anOpenDialogIsEndedBeforeItIsForgotten() async throws {
        try await withBench { bench in
            let card = try await bench.provenCard()
            let dialog = try await bench.open(card, [[.status(aid: try aid(Domain.hex))]])
            bench.clock.advance(by: 200 * 86_400)
            try await bench.engine.housekeep()
            await expect(.notFound) { try await bench.desk.dialog(dialog.dialogId) }
            let open = try await bench.engine.store.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM dialog") }
            #expect(open == 0)
        }
    }
}
