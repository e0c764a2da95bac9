import Foundation

/// h2load, given a client certificate: the same generator for every server.
struct LoadGenerator: Sendable {
    let program: String
    /// Preloaded into it, since it has no option for a client certificate.
    let certificateLibrary: String
    let certificate: String
    let key: String
    let load: HTTPCommand.Load
    let log: String

    struct Outcome: Sendable {
        let requestsPerSecond: Double
        /// CPU time of the generator.
        let cpuSeconds: Double
    }

    /// What one run asks for.
    struct Requests: Sendable {
        let count: Int
        let connections: Int
        /// Of each connection.
        let streams: Int
        let url: String
        /// As `name: value`.
        var headers: [String] = []
        /// A file whose content every request POSTs; nil: GET.
        var body: String?
    }

    /// The small GET of a server under test.
    func run(port: Int) async throws -> Outcome {
        try await run(Requests(count: load.requests, connections: load.connections, streams: load.streams, url: "https://127.0.0.1:\(port)/small"))
    }

    /// - Throws: ``BenchFailure`` unless each single request was answered with 2xx.
    func run(_ requests: Requests) async throws -> Outcome {
        var words = ["-n", String(requests.count), "-c", String(requests.connections), "-m", String(requests.streams), "-t", "1"]
        for header in requests.headers { words += ["-H", header] }
        if let body = requests.body { words += ["-d", body] }
        let child = try ChildProcess(
            program, words + [requests.url],
            environment: ["LD_PRELOAD": certificateLibrary, "BENCH_CLIENT_CERTIFICATE": certificate, "BENCH_CLIENT_KEY": key], log: log)
        let finished = try await child.end(within: .seconds(60))
        let text = finished.output
        guard let rate = Self.number(in: text, before: " req/s"), let succeeded = Self.number(in: text, before: " succeeded"), let ok = Self.number(in: text, before: " 2xx") else {
            throw BenchFailure("h2load's output is not as expected:\n\(text)")
        }
        guard Int(succeeded) == requests.count, Int(ok) == requests.count else { throw BenchFailure("not every request succeeded:\n\(text)") }
        return Outcome(requestsPerSecond: rate, cpuSeconds: finished.cpuSeconds)
    }

    /// The number that stands directly before a phrase.
    static func number(in text: String, before phrase: String) -> Double? {
        guard let range = text.range(of: phrase) else { return nil }
        return Double(text[..<range.lowerBound].reversed().prefix { $0.isNumber || $0 == "." }.reversed().map(String.init).joined())
    }
}
