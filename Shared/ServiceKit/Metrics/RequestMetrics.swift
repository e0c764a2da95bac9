import Metrics
import Synchronization

/// Counts and times the requests of one listener. Instruments are looked up once per route and status, not per request.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private struct Instruments: Sendable {
        let count: Counter
        let time: Timer
    }

    /// Methods and routes are ours and few; unknown methods end here.
    private static let maximumKeys = 1_000

    private let listener: String
    private let known = Mutex<[Key: Instruments]>([:])

    init(listener: String) { self.listener = listener }

    /// - Parameter route: the route's pattern, not the path: paths hold identifiers and would make a series each.
    func record(method: String, route: String, status: Int, elapsed: Duration) {
        let parts = elapsed.components
        let instruments = instruments(Key(method: method, route: route, status: status))
        instruments.count.increment()
        instruments.time.recordNanoseconds(parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000)
    }

    private func instruments(_ key: Key) -> Instruments {
        known.withLock { known in
            if let instruments = known[key] { return instruments }
            let method = known.count < Self.maximumKeys ? key.method : "other"
            let dimensions = [("listener", listener), ("method", method), ("route", key.route)]
            let instruments = Instruments(
                count: Counter(label: "http_requests_total", dimensions: dimensions + [("status", String(key.status))]),
                time: Timer(label: "http_request_seconds", dimensions: dimensions))
            if known.count < Self.maximumKeys { known[key] = instruments }
            return instruments
        }
    }
}
