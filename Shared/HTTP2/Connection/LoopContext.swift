import NIOCore
import Synchronization

/// What the connections of one event loop share: a mailbox for work from tasks, and the list of connections that have
/// something to send. Everything that comes in one turn of the loop goes out in one drain per connection.
///
/// `@unchecked Sendable`: `spare`, `dirty` and `flushScheduled` are touched on the event loop only.
final class LoopContext: @unchecked Sendable {
    let eventLoop: any EventLoop
    private struct Mail {
        var work: [@Sendable () -> Void] = []
        var scheduled = false
    }
    private let mail = Mutex(Mail())
    private var spare: [@Sendable () -> Void] = []
    private var dirty: [HTTP2Connection] = []
    private var spareDirty: [HTTP2Connection] = []
    private var flushScheduled = false

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Runs `work` on the event loop, together with what else was posted meanwhile; in order per posting thread.
    func post(_ work: @escaping @Sendable () -> Void) {
        let first = mail.withLock { mail in
            mail.work.append(work)
            defer { mail.scheduled = true }
            return !mail.scheduled
        }
        if first { eventLoop.execute { self.deliver() } }
    }

    /// On the event loop: `connection` drains at the end of this turn.
    func markDirty(_ connection: HTTP2Connection) {
        dirty.append(connection)
        guard !flushScheduled else { return }
        flushScheduled = true
        eventLoop.execute { self.flush() }
    }

    private func deliver() {
        // Two arrays take turns, so that neither is allocated anew.
        var work: [@Sendable () -> Void] = []
        swap(&work, &spare)
        mail.withLock { mail in
            swap(&work, &mail.work)
            mail.scheduled = false
        }
        // The flush comes directly after the work, not a turn later.
        let scheduledBefore = flushScheduled
        flushScheduled = true
        for item in work { item() }
        work.removeAll(keepingCapacity: true)
        swap(&work, &spare)
        flushScheduled = scheduledBefore
        drainDirty()
    }

    private func flush() {
        flushScheduled = false
        drainDirty()
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
