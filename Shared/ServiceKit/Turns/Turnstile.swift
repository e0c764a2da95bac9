import Synchronization

/// Lets so many tasks through at once, the others in the order of their arrival. A task that is cancelled while it waits still gets its turn.
public final class Turnstile: Sendable {
    private struct State {
        var free: Int
        /// In order of arrival; those before `next` have had their turn.
        var waiting: [CheckedContinuation<Void, Never>] = []
        var next = 0

        mutating func dequeue() -> CheckedContinuation<Void, Never>? {
            guard next < waiting.count else { return nil }
            defer {
                next += 1
                // The front is given back in large pieces, so that a long queue does not move at every turn.
                if next == waiting.count || next > 64 && next > waiting.count / 2 {
                    waiting.removeFirst(next)
                    next = 0
                }
            }
            return waiting[next]
        }
    }

    private let state: Mutex<State>

    public init(_ places: Int) { state = Mutex(State(free: max(1, places))) }

    public func pass<Value, Failure: Error>(_ body: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let mayGo = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if mayGo { continuation.resume() }
        }
        // The place goes from one to the next; only when nobody waits it becomes free.
        defer {
            let next = state.withLock { state in
                let next = state.dequeue()
                if next == nil { state.free += 1 }
                return next
            }
            next?.resume()
        }
        return try await body()
    }
}
