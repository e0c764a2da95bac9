import Dispatch
import Synchronization

/// A thread for calls that block, so that they do not hold one of the threads that tasks run on.
struct BlockingQueue: Sendable {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Result<Value, SecureComponentError>) async throws(SecureComponentError) -> Value {
        let result = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body()) }
        }
        return try result.get()
    }

    /// As `run`, but gives up waiting: a call into the PC/SC library cannot be broken off, so it goes on by itself.
    /// - Parameters:
    ///   - limit: how long the caller waits; nil: for ever.
    ///   - timedOut: what the caller gets then.
    ///   - late: told, on the queue's thread, when the call ends after all.
    func run<Value: Sendable>(
        within limit: Duration?, timedOut: SecureComponentError, late: @escaping @Sendable (Result<Value, SecureComponentError>) -> Void,
        _ body: @escaping @Sendable () -> Result<Value, SecureComponentError>
    ) async throws(SecureComponentError) -> Value {
        guard let limit else { return try await run(body) }
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, SecureComponentError>, Never>) in
            let waiting = Waiting(continuation)
            // A source and not `asyncAfter`: cancelling frees it at once, and thousands of commands a second each have one.
            let timer = Timer(source: DispatchSource.makeTimerSource(queue: .global()))
            timer.source.setEventHandler { waiting.take()?.resume(returning: .failure(timedOut)) }
            timer.source.schedule(deadline: .now() + .nanoseconds(limit.wholeNanoseconds))
            timer.source.resume()
            queue.async {
                let result = body()
                timer.source.cancel()
                guard let continuation = waiting.take() else { return late(result) }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    /// Unchecked: Dispatch lets a source be cancelled from any thread, and does not say so in its types.
    private struct Timer: @unchecked Sendable {
        let source: any DispatchSourceTimer
    }

    /// The caller who waits, until the call or the timer takes him.
    private final class Waiting<Value: Sendable>: Sendable {
        private let continuation: Mutex<CheckedContinuation<Result<Value, SecureComponentError>, Never>?>

        init(_ continuation: CheckedContinuation<Result<Value, SecureComponentError>, Never>) {
            self.continuation = Mutex(continuation)
        }

        func take() -> CheckedContinuation<Result<Value, SecureComponentError>, Never>? {
            continuation.withLock { continuation in
                defer { continuation = nil }
                return continuation
            }
        }
    }
}

extension Duration {
    /// Longer than the clock can count: as long as it can.
    fileprivate var wholeNanoseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds < 1_000_000_000 else { return 1_000_000_000_000_000_000 }
        return max(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000), 0)
    }
}
