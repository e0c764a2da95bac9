import Dispatch
import Foundation

/// SIGINT and SIGTERM as cancellation, so that what was started is stopped.
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

    /// Work that has to be done although the task may be cancelled.
    static func shielded(_ work: @escaping @Sendable () async -> Void) async {
        await Task { await work() }.value
    }
}
