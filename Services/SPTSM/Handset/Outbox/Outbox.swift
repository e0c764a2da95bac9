import Foundation
import GRDB
import ServiceKit

/// Results that wait for service providers' online services, and those that were accepted or given up. Whoever writes into it rings; the delivery listens.
public final class Outbox: Sendable {
    let store: Store
    public let settings: OutboxSettings
    /// One ring waits; more say no more.
    let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    public init(store: Store, settings: OutboxSettings = OutboxSettings()) {
        self.store = store
        self.settings = settings
        (rings, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func ring() { bell.yield() }

    /// Most likely nobody wants to know of a Service whose Version was deployed without SPOS: the next regular look is soon enough.
    func ring(for entry: OutboxEntry) { if entry.pinned != nil || !entry.isProcess { ring() } }

    /// In the caller's transaction. Ring when it is committed.
    /// - Returns: false if there are too many of this kind; nothing is written then.
    func insert(_ entry: OutboxEntry, at now: Date, in db: Database) throws -> Bool {
        try OutboxStore.insert(entry, at: now, maximumWaitingChecks: settings.maximumWaitingChecks, in: db)
    }

    /// How much lies where.
    public struct Standing: Codable, Sendable, Hashable {
        public var waiting = 0
        public var dead = 0
        public var delivered = 0
        /// Time of the oldest that waits, seconds since 1970.
        public var oldest: Double?
    }

    public func standing() async throws -> Standing {
        try await store.scan { db in
            Standing(
                waiting: try Int.fetchOne(db, sql: "SELECT count(*) FROM spos_result WHERE state = 0") ?? 0,
                dead: try Int.fetchOne(db, sql: "SELECT count(*) FROM spos_result WHERE state = 2") ?? 0,
                delivered: try Int.fetchOne(db, sql: "SELECT count(*) FROM spos_result WHERE state = 1") ?? 0,
                oldest: try Double.fetchOne(db, sql: "SELECT min(created) FROM spos_result WHERE state = 0"))
        }
    }

    /// Forgets what was settled so long ago that nobody asks any more.
    func forget(now: Date) async throws {
        let (delivered, dead) = (now.timeIntervalSince1970 - Double(settings.deliveredDays) * 86_400, now.timeIntervalSince1970 - Double(settings.deadDays) * 86_400)
        try await store.write { db in
            try db.execute(sql: "DELETE FROM spos_result WHERE (state = 1 AND settled < ?) OR (state = 2 AND settled < ?)", arguments: [delivered, dead])
            try db.execute(sql: "DELETE FROM spos_pause WHERE service_id NOT IN (SELECT service_id FROM spos_queue)")
        }
    }
}
