import NIOCore
import Synchronization

/// Holds a writing task back while too many of its bytes wait for window or for the socket.
final class OutboundGate: Sendable {
    private struct State {
        var waiting = 0
        var failure: StreamFailure?
        var writer: CheckedContinuation<StreamFailure?, Never>?
    }
    private let state = Mutex(State())
    private static let high = 256 * 1024
    private static let low = 64 * 1024

    /// The writer's side: counts bytes in. Throws if the exchange is over.
    func enter(_ count: Int) throws(StreamFailure) {
        let failure = state.withLock { state in
            state.waiting += count
            return state.failure
        }
        if let failure { throw failure }
    }

    /// Waits until there is room.
    func waitForRoom() async throws(StreamFailure) {
        let failure: StreamFailure? = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let cancelled = Task.isCancelled
                let now = state.withLock { state -> StreamFailure?? in
                    if let failure = state.failure { return .some(failure) }
                    if cancelled { return .some(.reset(.cancel)) }
                    guard state.waiting > Self.high else { return .some(nil) }
                    state.writer = continuation
                    return .none
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            take()?.resume(returning: .reset(.cancel))
        }
        if let failure { throw failure }
    }

    /// The event loop's side: bytes have left.
    func leave(_ count: Int) {
        let writer = state.withLock { state -> CheckedContinuation<StreamFailure?, Never>? in
            state.waiting -= count
            guard state.waiting <= Self.low else { return nil }
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume(returning: nil)
    }

    /// The exchange is over: writing on is pointless.
    func close(_ failure: StreamFailure) {
        let writer = state.withLock { state -> CheckedContinuation<StreamFailure?, Never>? in
            state.failure = state.failure ?? failure
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume(returning: failure)
    }

    private func take() -> CheckedContinuation<StreamFailure?, Never>? {
        state.withLock { state in
            defer { state.writer = nil }
            return state.writer
        }
    }
}
