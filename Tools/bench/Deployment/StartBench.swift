import ArgumentParser
import Foundation

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "start", abstract: "Testbed from nothing to the first deployment; memory of idle services.")

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let command = self
        try await options.perform { [try await StartBench(workplace: $0, runs: min(command.options.runs, 3)).run()] }
    }
}

/// From an empty directory to a deployed applet, and what the services weigh when they have nothing to do.
struct StartBench: Sendable {
    /// How long services rest before they are weighed.
    static let rest = Duration.seconds(5)

    let workplace: Workplace
    let runs: Int

    func run() async throws -> Report {
        var ups: [Double] = []
        var totals: [Double] = []
        var names: [String] = []
        var weights: [[ProcessFigures.Memory]] = []
        for run in 1...runs {
            let start = ContinuousClock.now
            let times = try await RunningTestbed.with(workplace, "start-\(run)") { testbed in
                let up = start.duration(to: .now).seconds
                let cards = try await IssuedCards.issue(1, in: testbed.file)
                let service = try await PublishedService.publish(.ticket, workplace, in: testbed.file)
                let fleet = try Fleet(cards, concurrency: 1, in: testbed.file)
                do {
                    _ = try await fleet.each { handset, _ in try await handset.deploy(handset.create(service)) }
                } catch {
                    await fleet.close()
                    throw BenchFailure("\(error)\n\(testbed.complaints())")
                }
                await fleet.close()
                return (up, start.duration(to: .now).seconds)
            }
            ups.append(times.0)
            totals.append(times.1)
            // Another one that has had nothing to do but to start and to be provisioned.
            let weighed = try await RunningTestbed.with(workplace, "idle-\(run)") { testbed in
                try await Task.sleep(for: Self.rest)
                return try testbed.file.processes.map { ($0.name, try ProcessFigures.memory($0.pid)) }
            }
            names = weighed.map(\.0)
            weights.append(weighed.map(\.1))
        }
        return report(ups, totals, names, weights)
    }

    private func report(_ ups: [Double], _ totals: [Double], _ names: [String], _ weights: [[ProcessFigures.Memory]]) -> Report {
        var times = Table("what", "seconds (median)", "lowest – highest")
        for (name, values) in [("testbed up: two domains, seven services, provisioned", ups), ("from nothing to the first deployment done", totals)] {
            let runs = Runs(values)
            times.add(name, runs.median.formatted(2), "\(runs.lowest.formatted(2)) – \(runs.highest.formatted(2))")
        }
        var memory = Table("service, idle", "resident, MB", "shared pages divided, MB", "its own (anonymous), MB")
        var heaviest = 0.0
        for index in names.indices {
            let resident = Runs(weights.map { $0[index].resident }).median
            heaviest = max(heaviest, resident)
            memory.add(names[index], resident.formatted(1), Runs(weights.map { $0[index].proportional }).median.formatted(1), Runs(weights.map { $0[index].anonymous }).median.formatted(1))
        }
        return Report(
            title: "Start, and memory of idle services",
            method: """
                `tsms testbed up` in an empty directory, a card and a service with the 9 kB CAP file made and published through the interfaces, createServiceInstance, deployService. \
                Memory (Rss, Pss and Anonymous of proc(5), MB of 10⁶ bytes) of a testbed \(Self.rest.components.seconds) s after it was up, before any handset called. \(runs) runs.
                """,
            tables: [times, memory],
            floors: [
                Floor(what: "testbed from nothing to the first deployment", bound: .atMost(15), value: Runs(totals).median, decimals: 1, unit: "s"),
                Floor(what: "idle service, resident memory (the heaviest)", bound: .atMost(40), value: heaviest, decimals: 1, unit: "MB"),
            ])
    }
}
