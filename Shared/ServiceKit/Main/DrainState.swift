import Foundation
import Synchronization

/// Whether the service still takes on new work. After SIGTERM it finishes what it began and refuses what is new.
public final class DrainState: Sendable {
    /// One piece of work under way that the service waits for before it stops, for example a process of several requests.
    public final class Ticket: Sendable {
        private let state: DrainState
        private let isOpen = Mutex(true)

        fileprivate init(_ state: DrainState) { self.state = state }

        /// The work is done. Later calls do nothing; a ticket that is dropped counts as done.
        public func finish() {
            let wasOpen = isOpen.withLock { open in
                defer { open = false }
                return open
            }
            if wasOpen { state.finished() }
        }

        deinit { finish() }
    }

    private struct State {
        var isDraining = false
        var open = 0
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    public var isDraining: Bool { state.withLock { $0.isDraining } }
    /// Tickets given out and not finished.
    public var openCount: Int { state.withLock { $0.open } }

    /// Admits new work, or nil when the service is draining (TR-03165: category 19).
    public func admit() -> Ticket? {
        let admitted = state.withLock { state in
            if state.isDraining { return false }
            state.open += 1
            return true
        }
        return admitted ? Ticket(self) : nil
    }

    public func begin() { state.withLock { $0.isDraining = true } }

    /// Waits until no work is open, at most as long as given.
    /// - Returns: whether all was finished.
    public func waitUntilIdle(timeout: Duration) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.idle() }
            group.addTask { try? await Task.sleep(for: timeout) }
            await group.next()
            group.cancelAll()
        }
        return openCount == 0
    }

    private func idle() async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isOver = state.withLock { state in
                    if state.open == 0 || Task.isCancelled { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }

    private func finished() {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.open -= 1
            guard state.open == 0 else { return [] }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }
}
