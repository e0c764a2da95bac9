import GlobalPlatform

/// Create, deploy and terminate on every card of a fleet, again and again, with a measurement of the latter two.
struct LifeCycleRuns: Sendable {
    let testbed: RunningTestbed
    let fleet: Fleet
    let service: PublishedService
    let instance: AID

    /// Several runs of one call.
    struct Samples: Sendable {
        private var rates: [Double] = []
        private var latencies: [Double] = []
        /// CPU seconds of each service, by run, a call.
        private var services: [[Double]] = []
        private var own: [Double] = []
        private var others: [Double] = []

        var rate: Double { Runs(rates).median }
        /// Seconds of each call of all runs.
        var latency: Runs { Runs(latencies) }
        /// CPU milliseconds a call of each service, median of the runs.
        var milliseconds: [Double] {
            guard let first = services.first else { return [] }
            return first.indices.map { index in Runs(services.map { $0[index] }).median * 1000 }
        }

        var row: [String] {
            let (rates, latencies) = (Runs(rates), Runs(latencies))
            return [
                rates.median.formatted(1), "\(rates.lowest.formatted(1)) – \(rates.highest.formatted(1))", "\((latencies.median * 1000).formatted(1)) ms",
                "\((latencies.percentile(0.95) * 1000).formatted(1)) ms", "\((Runs(services.map { $0.reduce(0, +) }).median * 1000).formatted(1)) ms",
                "\((Runs(own).median * 1000).formatted(1)) ms", "\((Runs(others).median * 100).formatted(0)) %",
            ]
        }

        mutating func add(count: Int, seconds: Double, latencies: [Double], services: [Double], own: Double, others: Double) {
            let calls = Double(count)
            rates.append(calls / seconds)
            self.latencies += latencies
            self.services.append(services.map { $0 / calls })
            self.own.append(own / calls)
            self.others.append(others)
        }
    }

    struct Calls: Sendable {
        var deploy = Samples()
        var terminate = Samples()
    }

    func run(_ runs: Int) async throws -> Calls {
        var calls = Calls()
        let service = service
        let aid = instance
        // The first run warms connections, caches and heaps.
        for run in 0...runs {
            let instances = try await fleet.each { handset, _ in try await handset.create(service) }.values
            let deploy = try await measured { handset, number in try await handset.deploy(instances[number]) }
            guard try await fleet.each({ handset, _ in handset.holds(aid) }).values.allSatisfy({ $0 }) else { throw BenchFailure("a card does not hold what was deployed") }
            let terminate = try await measured { handset, number in try await handset.terminate(instances[number]) }
            guard try await fleet.each({ handset, _ in handset.holds(aid) }).values.allSatisfy({ !$0 }) else { throw BenchFailure("a card still holds what was terminated") }
            guard run > 0 else { continue }
            for (path, outcome) in [(\Calls.deploy, deploy), (\Calls.terminate, terminate)] {
                calls[keyPath: path].add(count: fleet.count, seconds: outcome.seconds, latencies: outcome.latencies, services: outcome.services, own: outcome.own, others: outcome.others)
            }
        }
        return calls
    }

    private struct Measured {
        let seconds: Double
        let latencies: [Double]
        let services: [Double]
        let own: Double
        let others: Double
    }

    private func measured(_ work: @escaping @Sendable (BenchHandset, Int) async throws -> Void) async throws -> Measured {
        let (services, own, machine) = (try testbed.cpuSeconds(), ProcessFigures.ownCPUSeconds(), MachineTimes())
        let outcome = try await fleet.each(work)
        let spent = zip(try testbed.cpuSeconds(), services).map { $0 - $1 }
        let ownSpent = ProcessFigures.ownCPUSeconds() - own
        let others = machine.othersShare(until: MachineTimes(), ours: spent.reduce(ownSpent, +))
        return Measured(seconds: outcome.seconds, latencies: outcome.latencies, services: spent, own: ownSpent, others: others)
    }
}
