import DeploymentDocument
import Foundation
import GRDB
import ServiceKit
import TrustedServiceModel

/// Rows of the outbox. `spos_queue` has one row for each order key with results that wait, so that only the oldest of them can be taken and a Service
/// with a million waiting results costs no more to look at than one with ten; `due` is when it may be taken, be it after a pause or after a lease.
enum OutboxStore {
    /// Of `spos_result.state`.
    enum State: Int { case waiting = 0, delivered = 1, dead = 2 }

    static let schema = """
        CREATE TABLE spos_result (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, order_key TEXT NOT NULL, owner TEXT NOT NULL, service_id TEXT NOT NULL,
            is_process INTEGER NOT NULL, created REAL NOT NULL, body TEXT NOT NULL, pinned TEXT, trace TEXT,
            state INTEGER NOT NULL, attempts INTEGER NOT NULL, settled REAL, last_error TEXT) STRICT;
        CREATE INDEX spos_result_waiting ON spos_result(order_key, seq) WHERE state = 0;
        CREATE INDEX spos_result_age ON spos_result(service_id, created) WHERE state = 0;
        CREATE INDEX spos_result_check ON spos_result(service_id) WHERE state = 0 AND is_process = 0;
        CREATE INDEX spos_result_settled ON spos_result(state, settled) WHERE state <> 0;
        CREATE TABLE spos_queue (order_key TEXT PRIMARY KEY, owner TEXT NOT NULL, service_id TEXT NOT NULL, due REAL NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX spos_queue_due ON spos_queue(service_id, due);
        CREATE TABLE spos_pause (service_id TEXT PRIMARY KEY, failures INTEGER NOT NULL, until REAL NOT NULL, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;
        """

    /// Within the transaction that ends the dialog.
    /// - Returns: false for a failed eligibility check of a Service that has too many of them waiting; nothing is written then.
    static func insert(_ entry: OutboxEntry, at now: Date, maximumWaitingChecks: Int, in db: Database) throws -> Bool {
        if !entry.isProcess {
            let waiting = try Int.fetchOne(db.cachedStatement(sql: "SELECT count(*) FROM (SELECT 1 FROM spos_result WHERE service_id = ? AND state = 0 AND is_process = 0 LIMIT ?)"),
                                           arguments: [entry.serviceId, maximumWaitingChecks]) ?? 0
            guard waiting < maximumWaitingChecks else { return false }
        }
        let time = now.timeIntervalSince1970
        try db.cachedStatement(sql: """
            INSERT INTO spos_result (id, order_key, owner, service_id, is_process, created, body, pinned, trace, state, attempts)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT (id) DO NOTHING
            """).execute(arguments: [entry.id, entry.orderKey, entry.serviceProviderId, entry.serviceId, entry.isProcess ? 1 : 0, time,
                                     try text(entry.result), try entry.pinned.map { try text($0) }, entry.trace])
        guard db.changesCount > 0 else { return true }
        try enqueue(entry.orderKey, owner: entry.serviceProviderId, service: entry.serviceId, due: time, in: db)
        return true
    }

    /// What is in the queue already keeps its turn.
    static func enqueue(_ key: String, owner: String, service: String, due: Double, in db: Database) throws {
        try db.cachedStatement(sql: "INSERT INTO spos_queue (order_key, owner, service_id, due) VALUES (?, ?, ?, ?) ON CONFLICT (order_key) DO NOTHING")
            .execute(arguments: [key, owner, service, due])
    }

    // MARK: taking

    struct DueService: Sendable, Hashable {
        var id: String
        var owner: String
        /// Failures in a row: the next attempt is a trial with one result.
        var failures: Int
    }

    /// Services with something to deliver now. Goes from one Service to the next in the index, whatever waits for each.
    static func dueServices(now: Date, in db: Database) throws -> [DueService] {
        try Row.fetchAll(db.cachedStatement(sql: """
            WITH RECURSIVE service(id) AS (
                SELECT min(service_id) FROM spos_queue
                UNION ALL SELECT (SELECT min(service_id) FROM spos_queue WHERE service_id > service.id) FROM service WHERE service.id IS NOT NULL)
            SELECT service.id AS id, queue.owner AS owner, coalesce(spos_pause.failures, 0) AS failures
            FROM service JOIN spos_queue AS queue ON queue.order_key = (SELECT order_key FROM spos_queue WHERE service_id = service.id ORDER BY due LIMIT 1)
                LEFT JOIN spos_pause ON spos_pause.service_id = service.id
            WHERE queue.due <= ?1 AND coalesce(spos_pause.until, 0) <= ?1
            """), arguments: [now.timeIntervalSince1970]).map { DueService(id: $0["id"], owner: $0["owner"], failures: $0["failures"]) }
    }

    static func isDue(service: String, now: Date, in db: Database) throws -> Bool {
        try Int.fetchOne(db.cachedStatement(sql: "SELECT 1 FROM spos_queue WHERE service_id = ? AND due <= ? LIMIT 1"), arguments: [service, now.timeIntervalSince1970]) != nil
    }

    /// Takes the oldest waiting result of each key that is due, `limit` keys at most; they are left alone for `lease` seconds.
    static func claim(service: String, now: Date, lease: Double, limit: Int, in db: Database) throws -> [ClaimedResult] {
        let time = now.timeIntervalSince1970
        let keys = try String.fetchAll(db.cachedStatement(sql: "SELECT order_key FROM spos_queue WHERE service_id = ? AND due <= ? ORDER BY due LIMIT ?"), arguments: [service, time, limit])
        return try keys.compactMap { key in
            guard let row = try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM spos_result WHERE order_key = ? AND state = 0 ORDER BY seq LIMIT 1"), arguments: [key]) else {
                try db.cachedStatement(sql: "DELETE FROM spos_queue WHERE order_key = ?").execute(arguments: [key])
                return nil
            }
            try db.cachedStatement(sql: "UPDATE spos_queue SET due = ? WHERE order_key = ?").execute(arguments: [time + lease, key])
            let (body, pinned): (String, String?) = (row["body"], row["pinned"])
            return ClaimedResult(sequence: row["seq"], id: row["id"], orderKey: key, body: Array(body.utf8), pinned: try pinned.map { try WireJSON.decode(SposDocument.self, from: Array($0.utf8)) },
                                 trace: row["trace"], created: row["created"], attempts: row["attempts"])
        }
    }

    // MARK: settling

    /// Accepted, or given up: the next of the same key may go.
    static func settle(_ claimed: ClaimedResult, _ state: State, error: String?, now: Date, in db: Database) throws {
        try db.cachedStatement(sql: "UPDATE spos_result SET state = ?, settled = ?, attempts = attempts + 1, last_error = ? WHERE seq = ? AND state = 0")
            .execute(arguments: [state.rawValue, now.timeIntervalSince1970, error, claimed.sequence])
        try release(claimed.orderKey, due: now.timeIntervalSince1970, in: db)
    }

    /// Nobody wants any of them: the Service has no SPOS.
    /// - Returns: how many there were.
    static func discardAll(service: String, in db: Database) throws -> Int {
        try db.execute(sql: "DELETE FROM spos_result WHERE state = 0 AND service_id = ?", arguments: [service])
        let count = db.changesCount
        try db.execute(sql: "DELETE FROM spos_queue WHERE service_id = ?", arguments: [service])
        try endPause(service: service, in: db)
        return count
    }

    /// Nobody wants it: its Service is gone, and its Version had no SPOS.
    static func discard(_ claimed: ClaimedResult, now: Date, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM spos_result WHERE seq = ? AND state = 0").execute(arguments: [claimed.sequence])
        try release(claimed.orderKey, due: now.timeIntervalSince1970, in: db)
    }

    static func postpone(_ claimed: ClaimedResult, until due: Double, error: String, in db: Database) throws {
        try db.cachedStatement(sql: "UPDATE spos_result SET attempts = attempts + 1, last_error = ? WHERE seq = ? AND state = 0").execute(arguments: [error, claimed.sequence])
        try release(claimed.orderKey, due: due, in: db)
    }

    /// Gives a claim back as it was.
    static func release(_ key: String, due: Double, in db: Database) throws {
        try db.cachedStatement(sql: """
            UPDATE spos_queue SET due = ?2 WHERE order_key = ?1 AND EXISTS (SELECT 1 FROM spos_result WHERE order_key = ?1 AND state = 0)
            """).execute(arguments: [key, due])
        if db.changesCount == 0 { try db.cachedStatement(sql: "DELETE FROM spos_queue WHERE order_key = ?").execute(arguments: [key]) }
    }

    static func pause(service: String, failures: Int, until: Double, reason: String, in db: Database) throws {
        try db.cachedStatement(sql: """
            INSERT INTO spos_pause (service_id, failures, until, reason) VALUES (?, ?, ?, ?)
            ON CONFLICT (service_id) DO UPDATE SET failures = excluded.failures, until = excluded.until, reason = excluded.reason
            """).execute(arguments: [service, failures, until, reason])
    }

    static func failures(service: String, in db: Database) throws -> Int {
        try Int.fetchOne(db.cachedStatement(sql: "SELECT failures FROM spos_pause WHERE service_id = ?"), arguments: [service]) ?? 0
    }

    static func endPause(service: String, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM spos_pause WHERE service_id = ?").execute(arguments: [service])
    }

    /// What of a Service that cannot be reached has waited too long becomes dead letters, tried or not: one attempt in its name has just failed.
    /// - Returns: how many.
    static func giveUp(service: String, before created: Double, reason: String, now: Date, in db: Database) throws -> Int {
        try db.execute(sql: """
            UPDATE spos_result SET state = 2, settled = ?, last_error = ?
            WHERE seq IN (SELECT seq FROM spos_result WHERE service_id = ? AND state = 0 AND created < ? ORDER BY created LIMIT 1000)
            """, arguments: [now.timeIntervalSince1970, reason, service, created])
        let count = db.changesCount
        if count > 0 {
            try db.execute(sql: """
                DELETE FROM spos_queue WHERE service_id = ?1
                    AND NOT EXISTS (SELECT 1 FROM spos_result WHERE spos_result.order_key = spos_queue.order_key AND state = 0)
                """, arguments: [service])
        }
        return count
    }

    private static func text(_ value: some Encodable) throws -> String { String(decoding: try WireJSON.encode(value), as: UTF8.self) }
}
