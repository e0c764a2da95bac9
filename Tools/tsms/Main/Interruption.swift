import Dispatch
import Foundation

/// SIGINT and SIGTERM as cancellation of the work under way, so that it can clean up behind itself.
enum Interruption {
    static func cancellable<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await work() }
        let sources = [SIGINT, SIGTERM].map { number in
            // Ignored as a disposition, so that only the source sees it.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { task.cancel() }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        return try await task.value
    }

    /// Work that has to be done although the task is cancelled: it runs in a task of its own, which cancellation does not reach.
    static func shielded<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
        await Task { await work() }.value
    }
}
