import Foundation
import KeyVaultAPI
import SEIAPI

/// Reading, giving up and expiring of dialogs.
extension SEIEngine {
    /// Reading is no progress: it does not renew the lease.
    func dialog(_ id: String, _ spTsm: String) async throws(SEIError) -> SEI.Dialog {
        let turn = try await componentOfDialog(id, spTsm)
        await turns.enter(turn)
        defer { turns.leave(turn) }
        var record = try await owned(id, spTsm)
        record = try await current(record)
        guard record.status == .open else { return record.answer }
        if record.needsScript {
            return try await sendNext(&record)
        }
        return record.answer
    }

    /// Ends the dialog; one that has ended stays as it is.
    func abandonDialog(_ id: String, _ spTsm: String) async throws(SEIError) {
        let turn = try await componentOfDialog(id, spTsm)
        await turns.enter(turn)
        defer { turns.leave(turn) }
        let record = try await owned(id, spTsm)
        guard record.status == .open else { return }
        try await giveUp(record, reason: "given up by the SP TSM")
    }

    /// The stored state, with the lease applied.
    func current(_ record: DialogRecord) async throws(SEIError) -> DialogRecord {
        guard record.status == .open, record.leaseUntil <= now() else { return record }
        return try await expire(record)
    }

    @discardableResult
    func expire(_ record: DialogRecord) async throws(SEIError) -> DialogRecord {
        try await giveUp(record, reason: "no contact until \(record.answer.expiresAt), the end of its lease")
    }

    /// Whatever was sent may have run or may still run: what the card holds is not known until a session is verified again.
    @discardableResult
    private func giveUp(_ open: DialogRecord, reason: String) async throws(SEIError) -> DialogRecord {
        var record = open
        record.status = .abandoned
        record.failure = reason
        for index in record.sessions.indices where record.sessions[index].status != .verified { record.sessions[index].end(.failed) }
        let ended = record
        let outcome = JournalRecord(at: now(), componentId: record.componentId, spTsm: record.spTsm, subject: record.id, session: nil, kind: .outcome, apdus: [],
                                    note: "abandoned: " + reason)
        try await write { db in
            try DialogTable.update(ended, db)
            try ComponentTable.change(ended.componentId, db) { $0.contentKnown = false }
            try outcome.insert(db)
            for channel in open.sessions.compactMap(\.channelId) { try ChannelTaskTable.insert(channel, db) }
        }
        await tellVault()
        return record
    }

    func componentOfDialog(_ id: String, _ spTsm: String) async throws(SEIError) -> String {
        _ = try contract(of: spTsm)
        guard let component = try await read({ db in try DialogTable.component(of: id, spTsm: spTsm, db) }) else { throw SEIError(.notFound, "no dialog \(id)") }
        return component
    }

    /// - Throws: `notFound` for dialogs of others as for those that never were.
    func owned(_ id: String, _ spTsm: String) async throws(SEIError) -> DialogRecord {
        _ = try contract(of: spTsm)
        guard let record = try await read({ db in try DialogTable.find(id, spTsm: spTsm, db) }) else { throw SEIError(.notFound, "no dialog \(id)") }
        return record
    }

    /// Ends overdue dialogs, tells the vault what it was not told, closes its channels that are over, and drops what is older than the retention. For the service's clock.
    public func housekeep() async throws(SEIError) {
        let at = now()
        for overdue in try await read({ db in try DialogTable.overdue(at: at, db) }) {
            await turns.enter(overdue.componentId)
            defer { turns.leave(overdue.componentId) }
            _ = try await current(try await owned(overdue.id, overdue.spTsm))
        }
        await tellVault()
        let oldest = at.addingTimeInterval(-Double(settings.retentionDays) * 86_400).timeIntervalSince1970
        let unanswered = at.addingTimeInterval(-settings.eligibilityValidity)
        try await write { db in
            try db.execute(sql: "DELETE FROM journal WHERE at < ?", arguments: [oldest])
            try db.execute(sql: "DELETE FROM dialog WHERE status <> 'open' AND created_at < ?", arguments: [oldest])
            try EligibilityTable.forgetUnanswered(before: unanswered, db)
            try db.execute(sql: "DELETE FROM eligibility WHERE expires_at < ?", arguments: [oldest])
        }
    }
}
