import HTTP2
import Logging
import Metrics

/// One line and two metrics for every request that came to an end.
struct AccessLog: Sendable {
    private let logger: Logger
    private let requests: @Sendable (String) -> Counter
    private let duration = Metrics.Timer(label: "gateway_request_duration")

    init(logger: Logger) {
        self.logger = logger
        requests = { Counter(label: "gateway_requests_total", dimensions: [("class", $0)]) }
    }

    func note(_ record: ForwardingRecord) {
        requests(record.status.map { "\($0 / 100)xx" } ?? "broken").increment()
        duration.record(duration: record.duration)
        let level: Logger.Level = record.failure == nil ? .debug : .warning
        logger.log(level: level, "request", metadata: [
            "method": "\(record.method)", "path": "\(record.path.prefix { $0 != "?" })", "client": "\(record.remoteAddress)", "status": "\(record.status.map(String.init) ?? "-")",
            "bytesIn": "\(record.requestBytes)", "bytesOut": "\(record.responseBytes)", "milliseconds": "\(record.duration.components.attoseconds / 1_000_000_000_000_000 + record.duration.components.seconds * 1000)",
            "failure": "\(record.failure ?? "")",
        ])
    }
}
