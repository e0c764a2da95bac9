import ArgumentParser
import GlobalPlatform

struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "deploy", abstract: "Complete deployments and terminations a second, and their CPU time.")

    struct Load: ParsableArguments {
        @Option(help: "Cards of a run with one handset at a time.") var single = 60
        @Option(help: "Cards of a run with many handsets at a time.") var many = 240
        @Option(help: "How many handsets are many.") var concurrency = 16
        @Option(help: "How many handsets are a crowd, with two cards each.") var crowd = 128

        func validate() throws {
            guard [single, many, concurrency, crowd].allSatisfy({ (1...2000).contains($0) }), concurrency <= many else {
                throw ValidationError("--single, --many, --concurrency and --crowd are 1 to 2000, --concurrency at most --many")
            }
        }
    }

    @OptionGroup var options: BenchOptions
    @OptionGroup var load: Load

    func run() async throws {
        let command = self
        try await options.perform { [try await DeployBench(workplace: $0, load: command.load, runs: command.options.runs).run()] }
    }
}

/// deployService [Install, Personalize, Activate] with finalize and terminateService on a testbed of the real programs.
struct DeployBench: Sendable {
    let workplace: Workplace
    let load: DeployCommand.Load
    let runs: Int

    private struct Case {
        let applet: Applet
        let concurrency: Int
        let cards: Int
    }

    func run() async throws -> Report {
        try await RunningTestbed.with(workplace, "deployments") { testbed in
            do {
                return try await measure(testbed)
            } catch {
                throw BenchFailure("\(error)\n\(testbed.complaints())")
            }
        }
    }

    private func measure(_ testbed: RunningTestbed) async throws -> Report {
        let cases = [
            Case(applet: .ticket, concurrency: 1, cards: load.single), Case(applet: .ticket, concurrency: load.concurrency, cards: load.many),
            Case(applet: .ticket, concurrency: load.crowd, cards: 2 * load.crowd), Case(applet: .bulk, concurrency: load.concurrency, cards: max(1, load.many / 2)),
        ]
        let cards = try await IssuedCards.issue(cases.map(\.cards).max() ?? 1, in: testbed.file)
        var rates = Table("CAP file", "handsets at a time", "call", "calls/s (median)", "lowest – highest", "latency, median", "latency, 95 %", "CPU of the services a call", "CPU of SDK and card a call", "machine busy with others")
        var shares = Table(header: ["CAP file", "handsets at a time", "call"] + testbed.file.processes.map(\.name))
        var floors: [Floor] = []
        var sizes: [String: Int] = [:]
        for item in cases {
            let service = try await PublishedService.publish(item.applet, workplace, in: testbed.file)
            sizes[item.applet.capFile] = service.loadFileSize
            let fleet = try Fleet(Array(cards.prefix(item.cards)), concurrency: item.concurrency, in: testbed.file)
            do {
                let calls = try await LifeCycleRuns(testbed: testbed, fleet: fleet, service: service, instance: AID(hex: item.applet.instance)).run(runs)
                for (name, samples) in [("deploy", calls.deploy), ("terminate", calls.terminate)] {
                    rates.add(row: [item.applet.capFile, "\(item.concurrency)", name] + samples.row)
                    shares.add(row: [item.applet.capFile, "\(item.concurrency)", name] + samples.milliseconds.map { $0.formatted(2) })
                }
                if item.applet.capFile == Applet.ticket.capFile, item.concurrency == load.concurrency {
                    floors.append(Floor(what: "complete deployments a second, 9 kB CAP", bound: .atLeast(50), value: calls.deploy.rate, decimals: 0, unit: "/s"))
                }
            } catch {
                await fleet.close()
                throw error
            }
            await fleet.close()
        }
        let memory = try testbed.file.processes.map { "\($0.name) \(try ProcessFigures.memory($0.pid).resident.formatted(1))" }
        return Report(
            title: "Deployments",
            method: """
                The real programs as `tsms testbed up` starts them, seven processes, stores on \(workplace.fileSystem) with synchronous=FULL; simulated cards in memory, pseudo-random challenges, no latency. \
                SDK, cards and services share the cores. createServiceInstance is not counted. Load file data blocks: \(sizes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value) bytes" }.joined(separator: ", ")). \
                \(runs) runs of each line.
                """,
            tables: [rates, shares], remarks: ["The second table is CPU milliseconds a call by process.", "Resident memory at the end, MB: \(memory.joined(separator: ", "))."], floors: floors)
    }
}
