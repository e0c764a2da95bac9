import NIOCore
import Synchronization

/// What the connections of one event loop share: the tasks that run on it, a mailbox for work from other threads, and the
/// list of connections that have something to send. Everything that comes up in one turn of the loop goes out in one drain
/// per connection.
///
/// Requests run on the event loop of their connection, as long as they do not suspend for something elsewhere: no thread is woken for
/// them, and what one thread allocates it also frees (across threads that alone was a third of the time of a small request).
/// The price: a handler that computes for long holds up the other connections of its loop.
///
/// `@unchecked Sendable`: all but `mail` is touched on the event loop only.
final class LoopContext: TaskExecutor, @unchecked Sendable {
    let eventLoop: any EventLoop
    private enum Letter {
        case work(@Sendable () -> Void)
        case job(UnownedJob)
    }
    private struct Mail {
        var letters: [Letter] = []
        var isScheduled = false
    }
    private let mail = Mutex(Mail())
    private var spareLetters: [Letter] = []
    private var jobs: [UnownedJob] = []
    private var spareJobs: [UnownedJob] = []
    private var dirty: [HTTP2Connection] = []
    private var spareDirty: [HTTP2Connection] = []
    private var isTurnScheduled = false
    private var isInTurn = false
    /// Jobs run in one turn before the loop looks at its sockets again.
    private static let jobsPerTurn = 512

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    // MARK: From any thread

    /// Whether the caller may do at once what it would `post`: it is on the event loop, and nothing posted earlier is overtaken.
    var isHere: Bool { eventLoop.inEventLoop && mail.withLock { $0.letters.isEmpty } }

    /// Runs `work` on the event loop, never within this call, together with what else was posted meanwhile; in order per posting thread.
    func post(_ work: @escaping @Sendable () -> Void) { send(.work(work)) }

    /// A part of a task that prefers this event loop.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard eventLoop.inEventLoop else { return send(.job(job)) }
        jobs.append(job)
        scheduleTurn()
    }

    private func send(_ letter: Letter) {
        let first = mail.withLock { mail in
            mail.letters.append(letter)
            defer { mail.isScheduled = true }
            return !mail.isScheduled
        }
        if first { eventLoop.execute { self.deliver() } }
    }

    // MARK: On the event loop

    /// `connection` drains at the end of this turn.
    func markDirty(_ connection: HTTP2Connection) {
        dirty.append(connection)
        scheduleTurn()
    }

    /// Runs the tasks that are ready, then lets the connections send. Within a turn it does nothing: that turn goes on.
    func turn() {
        guard !isInTurn else { return }
        isInTurn = true
        var count = 0
        repeat {
            while !jobs.isEmpty, count < Self.jobsPerTurn {
                // Two arrays take turns, so that neither is allocated anew.
                var ready: [UnownedJob] = []
                swap(&ready, &spareJobs)
                swap(&ready, &jobs)
                for job in ready { job.runSynchronously(on: asUnownedTaskExecutor()) }
                count += ready.count
                ready.removeAll(keepingCapacity: true)
                swap(&ready, &spareJobs)
            }
            drainDirty()
        } while !jobs.isEmpty && count < Self.jobsPerTurn
        isInTurn = false
        if !jobs.isEmpty { scheduleTurn() }
    }

    private func scheduleTurn() {
        guard !isInTurn, !isTurnScheduled else { return }
        isTurnScheduled = true
        eventLoop.execute {
            self.isTurnScheduled = false
            self.turn()
        }
    }

    private func deliver() {
        var letters: [Letter] = []
        swap(&letters, &spareLetters)
        mail.withLock { mail in
            swap(&letters, &mail.letters)
            mail.isScheduled = false
        }
        isInTurn = true
        for letter in letters {
            switch letter {
            case .work(let work): work()
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            }
        }
        letters.removeAll(keepingCapacity: true)
        swap(&letters, &spareLetters)
        isInTurn = false
        turn()
    }

    private func drainDirty() {
        // Draining may mark further connections (a closed one tells its neighbour), hence the loop.
        while !dirty.isEmpty {
            var connections: [HTTP2Connection] = []
            swap(&connections, &spareDirty)
            swap(&connections, &dirty)
            for connection in connections { connection.drainIfDirty() }
            connections.removeAll(keepingCapacity: true)
            swap(&connections, &spareDirty)
        }
    }
}
