import ArgumentParser
import GlobalPlatform
import SecureComponentSimulator

struct GrowthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "growth", abstract: "Deployments as CAP files grow, and as the store's instances do.")

    struct Load: ParsableArguments {
        @Option(parsing: .upToNextOption, help: ArgumentHelp("Load file data blocks.", valueName: "bytes")) var sizes = [2000, 9000, 26_000]
        @Option(parsing: .upToNextOption, help: ArgumentHelp("Instances in the handset plane's store, ascending.", valueName: "count")) var instances = [1000, 100_000]
        @Option(help: "Cards of one run.") var growthCards = 128
        @Option(help: "Handsets at a time.") var growthHandsets = 16

        func validate() throws {
            guard !sizes.isEmpty, sizes.allSatisfy({ (500...60_000).contains($0) }), !instances.isEmpty, instances == instances.sorted(), instances.allSatisfy({ (1...2_000_000).contains($0) }),
                  (1...2000).contains(growthCards), (1...growthCards).contains(growthHandsets) else {
                throw ValidationError("--sizes are 500 to 60000, --instances 1 to 2000000 and ascending, --growth-cards 1 to 2000, --growth-handsets 1 to that")
            }
        }
    }

    @OptionGroup var options: BenchOptions
    @OptionGroup var load: Load

    func run() async throws {
        let command = self
        try await options.perform { [try await GrowthBench(workplace: $0, load: command.load, runs: command.options.runs).run()] }
    }
}

/// Whether a deployment costs what it carries, and nothing for what others have deployed.
struct GrowthBench: Sendable {
    let workplace: Workplace
    let load: GrowthCommand.Load
    let runs: Int

    private static let columns = ["deployments/s (median)", "lowest – highest", "latency, median", "latency, 95 %", "CPU of the services a call", "CPU of SDK and card a call", "machine busy with others"]

    func run() async throws -> Report {
        try await RunningTestbed.with(workplace, "growth") { testbed in
            do {
                return try await measure(testbed)
            } catch {
                throw BenchFailure("\(error)\n\(testbed.complaints())")
            }
        }
    }

    private func measure(_ given: RunningTestbed) async throws -> Report {
        var testbed = given
        let issued = try await IssuedCards.issue(load.growthCards + 1, in: testbed.file)
        let cards = Array(issued.dropLast())
        var bySize = Table(header: ["load file data block, bytes"] + Self.columns)
        for size in load.sizes {
            let service = try await PublishedService.publish(SizedCAPFile.applet, SizedCAPFile.make(dataBlock: size), in: testbed.file)
            bySize.add(row: ["\(size)"] + (try await deployments(of: service, cards, testbed)).row)
        }
        let service = try await PublishedService.publish(.ticket, workplace, in: testbed.file)
        // One that stays, for the others to be made of.
        let resident = try Fleet(Array(issued.suffix(1)), concurrency: 1, in: testbed.file)
        do {
            _ = try await resident.each { handset, _ in try await handset.deploy(handset.create(service)) }
        } catch {
            await resident.close()
            throw error
        }
        await resident.close()
        var byCount = Table(header: ["instances in the store"] + Self.columns)
        var rates: [Double] = []
        for count in load.instances {
            let filled = try await InstanceRows(testbed: testbed, workplace: workplace).fill(upTo: count)
            testbed = filled.testbed
            let samples = try await deployments(of: service, cards, testbed)
            byCount.add(row: ["\(filled.instances)"] + samples.row)
            rates.append(samples.rate)
        }
        var floors: [Floor] = []
        if let first = rates.first, let last = rates.last, rates.count > 1, first > 0 {
            floors.append(Floor(what: "deployments/s with \(load.instances.last ?? 0) instances, against \(load.instances.first ?? 0)", bound: .atLeast(0.9), value: last / first, decimals: 2, unit: "×"))
        }
        return Report(
            title: "Deployments as things grow",
            method: """
                Testbed, stores and cards as in "Deployments"; \(load.growthHandsets) handsets at a time, \(load.growthCards) cards a run, \(runs) runs of each line after one that does not count. Size: CAP files with one \
                applet whose load file data block is filled up with code that does nothing. Instances: \(Applet.ticket.capFile), with rows of service instances of other components in the handset plane's store, copied \
                there directly while it was stopped.
                """,
            tables: [bySize, byCount], floors: floors)
    }

    private func deployments(of service: PublishedService, _ cards: [SimulatedCard], _ testbed: RunningTestbed) async throws -> LifeCycleRuns.Samples {
        let fleet = try Fleet(cards, concurrency: load.growthHandsets, in: testbed.file)
        do {
            let calls = try await LifeCycleRuns(testbed: testbed, fleet: fleet, service: service, instance: AID(hex: service.applet.instance)).run(runs)
            await fleet.close()
            return calls.deploy
        } catch {
            await fleet.close()
            throw error
        }
    }
}
