import ArgumentParser
import Foundation
import GlobalPlatform

struct LinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "link", abstract: "A deployment over a link with latency, against an APDU-by-APDU tool on the same link.")

    struct Load: ParsableArguments {
        @Option(help: ArgumentHelp("Round trip of the link.", valueName: "milliseconds")) var roundTrip = 50
        @Option(help: "Deployments of one run.") var linkCards = 10

        func validate() throws {
            guard (1...2000).contains(roundTrip), (1...1000).contains(linkCards) else { throw ValidationError("--round-trip is 1 to 2000, --link-cards 1 to 1000") }
        }
    }

    @OptionGroup var options: BenchOptions
    @OptionGroup var load: Load

    func run() async throws {
        let command = self
        try await options.perform { [try await LinkBench(workplace: $0, load: command.load, runs: command.options.runs).run()] }
    }
}

/// The same deployment with and without latency between handset and gateway, and the same applet put onto a card by a tool to which each command is a
/// round trip of that link.
struct LinkBench: Sendable {
    private static let applet = Applet.bulk

    let workplace: Workplace
    let load: LinkCommand.Load
    let runs: Int

    private var roundTrip: Duration { .milliseconds(load.roundTrip) }

    func run() async throws -> Report {
        let (near, far) = try await RunningTestbed.with(workplace, "link") { testbed in
            do {
                let service = try await PublishedService.publish(Self.applet, workplace, in: testbed.file)
                let near = try await deployments(testbed, service)
                guard let url = URL(string: testbed.file.gateway.handsetURL), let port = url.port else { throw BenchFailure("the testbed's gateway has no port") }
                let far = try await relayed(to: port) { port in
                    var file = testbed.file
                    file.gateway.handsetURL = file.gateway.handsetURL.replacingOccurrences(of: ":\(url.port ?? 0)/", with: ":\(port)/")
                    return try await deployments(RunningTestbed(directory: testbed.directory, file: file), service)
                }
                return (near, far)
            } catch {
                throw BenchFailure("\(error)\n\(testbed.complaints())")
            }
        }
        let file = try CAPFile(Self.applet.read(workplace))
        let (stepwise, commands) = try await stepwise(file)
        var table = Table("what", "seconds (median)", "lowest – highest", "messages to the other end", "against deployService over the link")
        for (name, runs, messages) in [
            ("deployService over the link", far, "2 requests"), ("APDU by APDU over the link", stepwise, "\(commands) commands"), ("deployService without latency", near, "2 requests"),
        ] {
            table.add(name, runs.median.formatted(3), "\(runs.lowest.formatted(3)) – \(runs.highest.formatted(3))", messages, "\((runs.median / far.median).formatted(2)) ×")
        }
        return Report(
            title: "A deployment over a slow link",
            method: """
                A TCP relay on loopback between handset and gateway holds every piece back for \(load.roundTrip / 2) ms in each direction; \(Self.applet.capFile), \(file.loadFileDataBlock.count) bytes of load file \
                data block; deployService [Install, Personalize, Activate] with finalize on warm connections, one handset at a time, \(load.linkCards) a run, \(runs) runs after one that does not count; testbed, \
                stores and cards as in "Deployments". The other tool makes a security domain with keys, loads, installs and looks into the registry, each command a round trip through the same relay to a \
                simulated card, once a run; it makes no access rules, rotates no keys and proves nothing.
                """,
            tables: [table],
            floors: [
                Floor(what: "deployment over a \(load.roundTrip) ms link, 24 kB CAP, card time included", bound: .atMost(0.4), value: far.median, decimals: 2, unit: "s"),
                Floor(what: "the same APDU by APDU, against deployService", bound: .atLeast(10), value: stepwise.median / far.median, decimals: 0, unit: "×"),
            ])
    }

    private func relayed<Value: Sendable>(to port: Int, _ work: (Int) async throws -> Value) async throws -> Value {
        let relay = try await DelayingRelay.start(to: port, roundTrip: roundTrip)
        do {
            let value = try await work(relay.port)
            try await relay.stop()
            return value
        } catch {
            let first = error
            do { try await relay.stop() } catch { Terminal.note("\(error)") }
            throw first
        }
    }

    /// Seconds of each deployment.
    private func deployments(_ testbed: RunningTestbed, _ service: PublishedService) async throws -> Runs {
        let fleet = try Fleet(try await IssuedCards.issue(load.linkCards, in: testbed.file), concurrency: 1, in: testbed.file)
        do {
            let calls = try await LifeCycleRuns(testbed: testbed, fleet: fleet, service: service, instance: AID(hex: service.applet.instance)).run(runs)
            await fleet.close()
            return calls.deploy.latency
        } catch {
            await fleet.close()
            throw error
        }
    }

    /// - Returns: seconds of each run, and the commands of one.
    private func stepwise(_ file: CAPFile) async throws -> (Runs, Int) {
        var seconds: [Double] = []
        var commands = 0
        for number in 0..<runs {
            let card = try BenchCard(number: number)
            let server = try await CardServer.start(card.card)
            let measured = try await relayed(to: server.port) { port in
                let remote = try RemoteCard(port: port)
                // The connection is warm, too.
                _ = try remote.transmit(SelectCommand(aid: .issuerSecurityDomain).apdu)
                let before = remote.commands
                let start = ContinuousClock.now
                try StepwiseInstallation(card: card, traffic: CardTraffic(remote.transmit)).run(file, Self.applet)
                return (start.duration(to: .now).seconds, remote.commands - before)
            }
            seconds.append(measured.0)
            commands = measured.1
            try await server.stop()
        }
        return (Runs(seconds), commands)
    }
}
