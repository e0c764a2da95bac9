import CoreMetrics
import Synchronization

/// Collects what the process measures and writes it in Prometheus' text format (version 0.0.4).
public final class PrometheusRegistry: MetricsFactory, Sendable {
    /// Upper bounds of histogram buckets: seconds for timers, plain values for recorders.
    public static let defaultBuckets: [Double] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    struct Key: Hashable {
        let name: String
        /// Rendered: `a="x",b="y"`, sorted by name.
        let labels: String
    }

    private enum Series {
        case counter(PrometheusCounter)
        case gauge(PrometheusGauge)
        case histogram(PrometheusHistogram)
    }

    private let series = Mutex<[Key: Series]>([:])
    /// More series than this are not kept: a label with unbounded values must not eat the memory.
    private let maximumSeries: Int

    public init(maximumSeries: Int = 5_000) { self.maximumSeries = maximumSeries }

    /// Registers the process's metrics, once; later calls return the same registry.
    public static let process: PrometheusRegistry = {
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        return registry
    }()

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { counter(label, dimensions) }
    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler { counter(label, dimensions) }
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { gauge(label, dimensions) }
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate { histogram(label, dimensions) } else { gauge(label, dimensions) }
    }
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { histogram(label, dimensions) }

    // Series outlive the objects that write to them: a scrape must not miss what a short-lived counter has counted.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> PrometheusCounter {
        find(label, dimensions, { if case .counter(let known) = $0 { known } else { nil } }, { .counter($0) }, PrometheusCounter())
    }
    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> PrometheusGauge {
        find(label, dimensions, { if case .gauge(let known) = $0 { known } else { nil } }, { .gauge($0) }, PrometheusGauge())
    }
    private func histogram(_ label: String, _ dimensions: [(String, String)]) -> PrometheusHistogram {
        find(label, dimensions, { if case .histogram(let known) = $0 { known } else { nil } }, { .histogram($0) }, PrometheusHistogram(bounds: Self.defaultBuckets))
    }

    /// The series of that name and labels. One of another kind under the same name, or one too many, gets an instrument that nobody reads.
    private func find<Instrument: Sendable>(
        _ label: String, _ dimensions: [(String, String)], _ match: (Series) -> Instrument?, _ wrap: (Instrument) -> Series, _ fresh: Instrument
    ) -> Instrument {
        let key = Key(name: PrometheusText.name(label), labels: PrometheusText.labels(dimensions))
        return series.withLock { series in
            if let known = series[key] { return match(known) ?? fresh }
            if series.count < maximumSeries { series[key] = wrap(fresh) }
            return fresh
        }
    }

    /// All series, sorted, with one TYPE line for each name.
    public func text() -> String {
        let snapshot = series.withLock { $0 }.sorted { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }
        var out = ""
        var previous = ""
        for (key, series) in snapshot {
            let kind: String
            switch series {
            case .counter: kind = "counter"
            case .gauge: kind = "gauge"
            case .histogram: kind = "histogram"
            }
            if key.name != previous {
                out += "# TYPE \(key.name) \(kind)\n"
                previous = key.name
            }
            switch series {
            case .counter(let counter): out += PrometheusText.line(key.name, key.labels, counter.value)
            case .gauge(let gauge): out += PrometheusText.line(key.name, key.labels, gauge.value)
            case .histogram(let histogram): out += PrometheusText.lines(key, histogram.snapshot)
            }
        }
        return out
    }
}
