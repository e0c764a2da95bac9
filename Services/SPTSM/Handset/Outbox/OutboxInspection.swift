import Foundation
import GRDB
import ServiceKit
import TrustedServiceModel

/// What an operator sees of the outbox, and the one thing that he does to it: sends dead letters again.
extension Outbox {
    public struct Letter: Codable, Sendable, Hashable {
        public enum State: String, Codable, Sendable, CaseIterable {
            case waiting, delivered, dead

            var stored: OutboxStore.State { switch self { case .waiting: .waiting; case .delivered: .delivered; case .dead: .dead } }
        }

        /// The process's ID, or that of a failed eligibility check.
        public var id: String
        public var state: State
        public var serviceProviderId: String
        public var serviceId: String
        public var created: String
        public var attempts: Int
        /// Why the last attempt failed.
        public var lastError: String?
        /// When it was accepted or given up.
        public var settled: String?
        /// When it is tried next at the earliest; nil: it is not its turn, or it is settled.
        public var due: String?
        public var result: ProcessResult
    }

    /// The oldest first.
    /// - Parameter after: ID of the last letter of the page before.
    public func letters(_ state: Letter.State, after: String? = nil, limit: Int = 100) async throws -> [Letter] {
        try await store.scan { db in
            try Row.fetchAll(db, sql: Self.query + """
                 WHERE state = ? AND seq > coalesce((SELECT seq FROM spos_result WHERE id = ?), 0) ORDER BY seq LIMIT ?
                """, arguments: [state.stored.rawValue, after, max(1, min(limit, 1000))]).map(Self.letter)
        }
    }

    public func letter(_ id: String) async throws -> Letter? {
        try await store.read { db in try Row.fetchOne(db, sql: Self.query + " WHERE id = ?", arguments: [id]).map(Self.letter) }
    }

    /// Puts dead letters back: they are tried from now on as if they were new. They come after what their instance has waiting, if that is older, and before
    /// it otherwise; what was accepted meanwhile was accepted before them.
    /// - Parameter id: nil: all of them.
    /// - Returns: how many.
    public func replay(_ id: String?, now: Date) async throws -> Int {
        let time = now.timeIntervalSince1970
        let count = try await store.write { db in
            let rows = try Row.fetchAll(db, sql: "SELECT seq, order_key, owner, service_id FROM spos_result WHERE state = 2 AND (?1 IS NULL OR id = ?1)", arguments: [id])
            for row in rows {
                try db.execute(sql: "UPDATE spos_result SET state = 0, settled = NULL, attempts = 0, created = ? WHERE seq = ?", arguments: [time, row["seq"]])
                try OutboxStore.enqueue(row["order_key"], owner: row["owner"], service: row["service_id"], due: time, in: db)
                try OutboxStore.endPause(service: row["service_id"], in: db)
            }
            return rows.count
        }
        ring()
        return count
    }

    private static let query = """
        SELECT spos_result.*, CASE WHEN state = 0 THEN (SELECT max(due, coalesce((SELECT until FROM spos_pause WHERE service_id = spos_result.service_id), 0))
            FROM spos_queue WHERE spos_queue.order_key = spos_result.order_key) END AS due FROM spos_result
        """

    private static func letter(_ row: Row) throws -> Letter {
        let (state, body): (Int, String) = (row["state"], row["body"])
        func time(_ seconds: Double?) -> String? { seconds.map { WireDate.text(Date(timeIntervalSince1970: $0)) } }
        let created: Double = row["created"]
        return Letter(
            id: row["id"], state: Letter.State.allCases.first { $0.stored.rawValue == state } ?? .waiting, serviceProviderId: row["owner"], serviceId: row["service_id"],
            created: WireDate.text(Date(timeIntervalSince1970: created)), attempts: row["attempts"], lastError: row["last_error"], settled: time(row["settled"]), due: time(row["due"]),
            result: try WireJSON.decode(ProcessResult.self, from: Array(body.utf8)))
    }
}
