import Metrics

/// What is measured of the delivery; docs/operator.md names the series.
final class DeliveryFigures: Sendable {
    private let accepted = Counter(label: "spos_attempts_total", dimensions: [("outcome", "accepted")])
    private let refused = Counter(label: "spos_attempts_total", dimensions: [("outcome", "refused")])
    private let unavailable = Counter(label: "spos_attempts_total", dimensions: [("outcome", "unavailable")])
    private let time = Timer(label: "spos_attempt_seconds")
    private let age = Recorder(label: "spos_delivery_age_seconds")
    private let deadLetters = Counter(label: "spos_dead_letters_total")
    private let discarded = Counter(label: "spos_results_without_spos_total")
    private let waiting = Gauge(label: "spos_outbox_waiting")
    private let dead = Gauge(label: "spos_outbox_dead_letters")
    private let oldest = Gauge(label: "spos_outbox_oldest_seconds")

    func attempted(_ outcome: DeliveryOutcome, elapsed: Duration) {
        switch outcome {
        case .accepted: accepted.increment()
        case .refused: refused.increment()
        case .unavailable: unavailable.increment()
        case .interrupted: return
        }
        let parts = elapsed.components
        time.recordNanoseconds(parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000)
    }

    func settled(_ report: Wave.Report) {
        deadLetters.increment(by: report.dead.count + report.givenUpUntried)
        discarded.increment(by: report.discarded)
        for seconds in report.ages { age.record(seconds) }
    }

    /// - Parameter now: seconds since 1970.
    func stands(_ standing: Outbox.Standing, now: Double) {
        waiting.record(standing.waiting)
        dead.record(standing.dead)
        oldest.record(standing.oldest.map { max(0, now - $0) } ?? 0)
    }
}
