import ArgumentParser

struct HTTPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "http", abstract: "HTTP/2 with mutual TLS: small GET through the router, and forwarded.")

    struct Load: ParsableArguments {
        @Option(help: "Requests of one run.") var requests = 200_000
        @Option(help: "Connections.") var connections = 8
        @Option(help: "Streams of each connection.") var streams = 32
        @Option(help: "Worker threads of nghttpd and haproxy.") var nghttpdWorkers = 2
    }

    @OptionGroup var options: BenchOptions
    @OptionGroup var load: Load

    func run() async throws {
        let command = self
        try await options.perform { try await HTTPBench(workplace: $0, load: command.load, runs: command.options.runs).run() }
    }
}

/// The suite's server and other people's in turn under the same load, each in a process of its own.
struct HTTPBench: Sendable {
    let workplace: Workplace
    let load: HTTPCommand.Load
    let runs: Int

    private var method: String {
        """
        200-byte answer, TLS 1.3, client certificate; h2load with one thread, \(load.connections) connections of \(load.streams) streams, \(load.requests) requests a run, \
        on the same cores as the server; \(runs) runs each, in turn, after one that does not count.
        """
    }

    func run() async throws -> [Report] {
        let served = try await serving()
        // `make bench` does not install it: forwarding has no floor here.
        guard (try? Workplace.tool("haproxy", package: "haproxy")) != nil else {
            Terminal.note("haproxy is not installed: forwarding is left out")
            return [served]
        }
        return [served, try await forwarding()]
    }

    private func serving() async throws -> Report {
        let arena = try Arena(workplace, load, name: "http")
        return try await Started.with { started in
            var contestants = [
                await started.add(try await arena.nghttpd()),
                await started.add(try await arena.ours("router")),
                await started.add(try await arena.ours("router with a service's middleware", ["--as-service"])),
            ]
            try await Contestant.measure(&contestants, try arena.generator(), runs: runs)
            return Report(
                title: "HTTP/2 with mutual TLS, small GET", method: method, tables: [Contestant.table(contestants, peer: contestants[0])],
                floors: [Floor(what: "HTTP/2, requests/s against nghttpd", bound: .atLeast(0.5), value: contestants[1].rateRatio(to: contestants[0]), decimals: 2, unit: "×")])
        }
    }

    /// One hop, HTTP/2 with mutual TLS on both sides, to the same nghttpd.
    private func forwarding() async throws -> Report {
        let arena = try Arena(workplace, load, name: "forward")
        return try await Started.with { started in
            let upstream = await started.add(try await arena.nghttpd())
            var contestants = [
                await started.add(try await arena.haproxy(to: upstream.port)),
                await started.add(try await arena.ours("forwarding server", [
                    "--forward-to", String(upstream.port), "--client-certificate", arena.file("client", "pem"), "--client-key", arena.file("client", "key"),
                ])),
            ]
            try await Contestant.measure(&contestants, try arena.generator(), runs: runs)
            return Report(
                title: "Forwarding, small GET", method: "As above, through a proxy to nghttpd, mutual TLS on both hops; generator, proxy and nghttpd share the cores.",
                tables: [Contestant.table(contestants, peer: contestants[0])])
        }
    }
}
