import CoreMetrics
import Synchronization

/// Only ever grows.
final class PrometheusCounter: CounterHandler, FloatingPointCounterHandler {
    private let state = Mutex(0.0)
    var value: Double { state.withLock { $0 } }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        state.withLock { $0 += amount }
    }
    func reset() { state.withLock { $0 = 0 } }
}

/// Goes up and down.
final class PrometheusGauge: MeterHandler, RecorderHandler {
    private let state = Mutex(0.0)
    var value: Double { state.withLock { $0 } }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0 = value } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func increment(by amount: Double) { state.withLock { $0 += amount } }
    func decrement(by amount: Double) { state.withLock { $0 -= amount } }
}

/// Counts values by size; timers in seconds.
final class PrometheusHistogram: RecorderHandler, TimerHandler {
    struct Snapshot: Sendable {
        let bounds: [Double]
        /// Of each bucket alone, not cumulated.
        var counts: [UInt64]
        var count: UInt64 = 0
        var sum: Double = 0
    }

    private let state: Mutex<Snapshot>
    var snapshot: Snapshot { state.withLock { $0 } }

    init(bounds: [Double]) {
        state = Mutex(Snapshot(bounds: bounds, counts: [UInt64](repeating: 0, count: bounds.count)))
    }

    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) {
        guard value.isFinite else { return }
        state.withLock { state in
            if let bucket = state.bounds.firstIndex(where: { value <= $0 }) { state.counts[bucket] += 1 }
            state.count += 1
            state.sum += value
        }
    }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
