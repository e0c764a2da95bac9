import Foundation
import Synchronization

/// Runs the demo's steps one by one, times them and tells of them.
final class StepRecorder: Sendable {
    struct Step: Encodable, Sendable {
        var name: String
        var milliseconds: Double
    }

    private struct Told: Encodable {
        var event = "step"
        var name: String
        var milliseconds: Double
        var remark: String?
    }

    private let console: Console
    private let recorded = Mutex<[Step]>([])

    init(console: Console) { self.console = console }

    var steps: [Step] { recorded.withLock { $0 } }

    /// - Parameters:
    ///   - remark: what is worth saying about the outcome.
    @discardableResult
    func step<Value>(_ name: String, remark: (Value) -> String? = { _ in nil }, _ work: () async throws -> Value) async throws -> Value {
        try Task.checkCancellation()
        let clock = ContinuousClock.now
        let value: Value
        do {
            value = try await work()
        } catch {
            console.text("✗ \(name)")
            // Whatever a call made of it: the person at the terminal broke it off.
            if Task.isCancelled || error is CancellationError { throw CancellationError() }
            throw ToolFailure("\(name): \(error)", status: (error as? ToolFailure)?.status ?? .failed)
        }
        let milliseconds = (clock.duration(to: .now).milliseconds * 10).rounded() / 10
        recorded.withLock { $0.append(Step(name: name, milliseconds: milliseconds)) }
        let words = remark(value)
        console.text("✓ \(name.padded(to: 48)) \(String(format: "%8.1f", milliseconds)) ms" + (words.map { "   \($0)" } ?? ""))
        console.object(Told(name: name, milliseconds: milliseconds, remark: words))
        return value
    }
}
