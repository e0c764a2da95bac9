import Foundation
import Logging
import SecureComponentSimulator
import TSMAPI

/// Handsets that act at the same time: each worker has a connection and takes its handsets one after the other.
struct Fleet: Sendable {
    private let workers: [[(number: Int, handset: BenchHandset)]]
    private let transports: [HTTP2BackendTransport]
    let count: Int

    init(_ cards: [SimulatedCard], concurrency: Int, in testbed: TestbedFile) throws {
        guard let url = URL(string: testbed.gateway.handsetURL) else { throw BenchFailure("'\(testbed.gateway.handsetURL)' is no URL") }
        var transports: [HTTP2BackendTransport] = []
        var workers: [[(number: Int, handset: BenchHandset)]] = []
        for worker in 0..<concurrency {
            let transport = try HTTP2BackendTransport(origin: url, trustAnchors: testbed.gateway.ca, logger: Logger(label: "handset"))
            transports.append(transport)
            var handsets: [(number: Int, handset: BenchHandset)] = []
            for number in stride(from: worker, to: cards.count, by: concurrency) {
                handsets.append((number, try BenchHandset(cards[number], in: testbed, transport: transport)))
            }
            workers.append(handsets)
        }
        self.workers = workers
        self.transports = transports
        count = cards.count
    }

    struct Outcome<Value: Sendable>: Sendable {
        /// From the first beginning to the last end.
        let seconds: Double
        /// Of each call.
        let latencies: [Double]
        /// In the order of the cards.
        let values: [Value]
    }

    /// Every handset does it once; the first failure ends it all.
    func each<Value: Sendable>(_ work: @escaping @Sendable (BenchHandset, Int) async throws -> Value) async throws -> Outcome<Value> {
        let start = ContinuousClock.now
        let results = try await withThrowingTaskGroup(of: [(number: Int, seconds: Double, value: Value)].self) { group in
            for handsets in workers {
                group.addTask {
                    var done: [(number: Int, seconds: Double, value: Value)] = []
                    for (number, handset) in handsets {
                        try Task.checkCancellation()
                        let begin = ContinuousClock.now
                        let value = try await work(handset, number)
                        done.append((number, begin.duration(to: .now).seconds, value))
                    }
                    return done
                }
            }
            var all: [(number: Int, seconds: Double, value: Value)] = []
            for try await part in group { all += part }
            return all
        }
        let seconds = start.duration(to: .now).seconds
        return Outcome(seconds: seconds, latencies: results.map(\.seconds), values: results.sorted { $0.number < $1.number }.map(\.value))
    }

    func close() async {
        for handset in workers.joined() { await handset.handset.close() }
        for transport in transports { await transport.shutdown() }
    }
}
