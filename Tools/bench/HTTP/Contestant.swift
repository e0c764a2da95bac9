import Foundation

/// A server under load, in a process of its own.
struct Contestant: Sendable {
    let name: String
    let process: ChildProcess
    let port: Int
    private(set) var rates: [Double] = []
    /// Microseconds of CPU time a request, of the server and of the generator.
    private(set) var server: [Double] = []
    private(set) var generator: [Double] = []

    init(name: String, process: ChildProcess, port: Int) {
        self.name = name
        self.process = process
        self.port = port
    }

    /// - Parameter counts: whether its figures are kept.
    mutating func run(_ load: LoadGenerator, counts: Bool) async throws {
        let before = try ProcessFigures.cpuSeconds(process.pid)
        let outcome = try await load.run(port: port)
        let spent = try ProcessFigures.cpuSeconds(process.pid) - before
        guard counts else { return }
        rates.append(outcome.requestsPerSecond)
        server.append(spent / Double(load.load.requests) * 1e6)
        generator.append(outcome.cpuSeconds / Double(load.load.requests) * 1e6)
    }

    /// One run after the other, all contestants in turn; the first turn warms caches and heaps and does not count.
    static func measure(_ contestants: inout [Contestant], _ generator: LoadGenerator, runs: Int) async throws {
        for run in 0...runs {
            for index in contestants.indices {
                // Not in place: Swift 6.3 cannot compile a change of an element across a suspension for release here.
                var contestant = contestants[index]
                try await contestant.run(generator, counts: run > 0)
                contestants[index] = contestant
            }
        }
    }

    /// - Parameter peer: what the others are compared with.
    static func table(_ contestants: [Contestant], peer: Contestant) -> Table {
        var table = Table("server", "requests/s (median)", "lowest – highest", "CPU per request, server", "CPU per request, generator", "ratio of requests/s", "ratio of CPU per request")
        for contestant in contestants {
            let rates = Runs(contestant.rates)
            table.add(contestant.name, rates.median.formatted(0), "\(rates.lowest.formatted(0)) – \(rates.highest.formatted(0))",
                      "\(Runs(contestant.server).median.formatted(1)) µs", "\(Runs(contestant.generator).median.formatted(1)) µs",
                      contestant.rateRatio(to: peer).formatted(2), (Runs(contestant.server).median / Runs(peer.server).median).formatted(2))
        }
        return table
    }

    func rateRatio(to peer: Contestant) -> Double { Runs(rates).median / Runs(peer.rates).median }
}
