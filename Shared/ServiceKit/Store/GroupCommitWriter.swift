import GRDB
import Metrics
import Synchronization

/// Collects the writes of concurrent tasks and runs them in shared transactions.
///
/// A commit costs a flush of the disk, whatever it holds; while one is under way, writes that arrive wait together for
/// the next. Each has a savepoint of its own: one that fails takes back its own changes and nobody else's.
public final class GroupCommitWriter: Sendable {
    public struct Statistics: Sendable, Hashable {
        /// Changes that were committed.
        public var writes = 0
        public var commits = 0
    }

    /// One change waiting for its turn.
    private struct Job: Sendable {
        /// Runs the change; returns what tells its caller of success once the commit is done.
        let run: @Sendable (Database) throws -> @Sendable () -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private enum Admission { case refused, queued, first }

    private struct State {
        var waiting: [Job] = []
        var isRunning = false
        var isClosed = false
        var whenIdle: CheckedContinuation<Void, Never>?
        var statistics = Statistics()
    }

    private let pool: DatabasePool
    private let maximumBatch: Int
    private let state = Mutex(State())
    private let commits = Counter(label: "store_commits_total")
    private let writes = Counter(label: "store_writes_total")

    init(pool: DatabasePool, maximumBatch: Int) {
        self.pool = pool
        self.maximumBatch = max(1, maximumBatch)
    }

    var statistics: Statistics { state.withLock { $0.statistics } }
    /// Whether a batch is scheduled or running.
    var isRunning: Bool { state.withLock { $0.isRunning } }
    /// Changes that no batch has taken yet.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    func write<Value: Sendable>(_ change: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            let job = Job(
                run: { db in
                    let value = try change(db)
                    return { continuation.resume(returning: value) }
                },
                fail: { continuation.resume(throwing: $0) })
            let admission = state.withLock { state -> Admission in
                if state.isClosed { return .refused }
                state.waiting.append(job)
                if state.isRunning { return .queued }
                state.isRunning = true
                return .first
            }
            switch admission {
            case .refused: job.fail(StoreError(.closed, "the store is closed: nothing was written"))
            case .queued: break
            case .first: schedule()
            }
        }
    }

    /// Refuses further writes and waits for those accepted.
    /// - Returns: false if it was closed before.
    func close() async -> Bool {
        let wasOpen = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard wasOpen else { return false }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isIdle = state.withLock { state in
                if state.isRunning { state.whenIdle = continuation }
                return !state.isRunning
            }
            if isIdle { continuation.resume() }
        }
        return true
    }

    private func schedule() {
        pool.asyncWriteWithoutTransaction { db in
            // A batch is taken when the writer is free, not when it was scheduled: so it holds all that came meanwhile.
            self.runBatch(db)
            let next = self.state.withLock { state -> (more: Bool, idle: CheckedContinuation<Void, Never>?) in
                guard state.waiting.isEmpty else { return (true, nil) }
                state.isRunning = false
                defer { state.whenIdle = nil }
                return (false, state.whenIdle)
            }
            if next.more { self.schedule() }
            next.idle?.resume()
        }
    }

    private func runBatch(_ db: Database) {
        let batch = state.withLock { state in
            let batch = Array(state.waiting.prefix(maximumBatch))
            state.waiting.removeFirst(batch.count)
            return batch
        }
        var succeeded: [(job: Job, tell: @Sendable () -> Void)] = []
        var failed: [(job: Job, error: any Error)] = []
        do {
            try db.inTransaction(.immediate) {
                for (index, job) in batch.enumerated() {
                    do {
                        var tell: (@Sendable () -> Void)?
                        try db.inSavepoint {
                            tell = try job.run(db)
                            return .commit
                        }
                        if let tell { succeeded.append((job, tell)) }
                    } catch {
                        failed.append((job, error))
                        // Some errors (disk full, I/O) make SQLite roll back the whole transaction: what ran before is gone, too.
                        guard db.isInsideTransaction else {
                            for later in batch[(index + 1)...] { failed.append((later, Self.rolledBack(error))) }
                            throw error
                        }
                    }
                }
                return succeeded.isEmpty ? .rollback : .commit
            }
        } catch {
            failed += succeeded.map { ($0.job, Self.rolledBack(error)) }
            // When the transaction could not even begin, no job has run.
            if failed.isEmpty { failed = batch.map { ($0, Self.rolledBack(error)) } }
            succeeded = []
        }
        if !succeeded.isEmpty {
            state.withLock { state in
                state.statistics.writes += succeeded.count
                state.statistics.commits += 1
            }
            commits.increment()
            writes.increment(by: succeeded.count)
        }
        // Only now: acknowledged means committed.
        for entry in succeeded { entry.tell() }
        for entry in failed { entry.job.fail(entry.error) }
    }

    private static func rolledBack(_ error: any Error) -> StoreError {
        StoreError(.rolledBack, "the commit failed, nothing of this change is stored: \(error)")
    }
}
