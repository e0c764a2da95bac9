import ArgumentParser
import Foundation
import Identity

struct HTTPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "http", abstract: "HTTP/2 with mutual TLS, small GET through the router, against nghttpd.")

    struct Load: ParsableArguments {
        @Option(help: "Requests of one run.") var requests = 200_000
        @Option(help: "Connections.") var connections = 8
        @Option(help: "Streams of each connection.") var streams = 32
        @Option(help: "Worker threads of nghttpd.") var nghttpdWorkers = 2
    }

    @OptionGroup var options: BenchOptions
    @OptionGroup var load: Load

    func run() async throws {
        let command = self
        try await options.perform { [try await HTTPBench(workplace: $0, load: command.load, runs: command.options.runs).run()] }
    }
}

/// The suite's server and nghttpd in turn under the same load, each in a process of its own.
struct HTTPBench: Sendable {
    static let clientIdentity = "spiffe://bench.example/client"

    let workplace: Workplace
    let load: HTTPCommand.Load
    let runs: Int

    private struct Contestant {
        let name: String
        let process: ChildProcess
        let port: Int
        var rates: [Double] = []
        /// Microseconds of CPU time a request.
        var server: [Double] = []
        var generator: [Double] = []
    }

    func run() async throws -> Report {
        let directory = workplace.directory + "/http"
        try FileManager.default.createDirectory(atPath: directory + "/files", withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: directory + "/files/small", contents: Data(ServeCommand.answer)) else { throw BenchFailure("\(directory)/files/small cannot be written") }
        let authority = try CertificateAuthority(name: "bench root", testMarker: true, now: Date())
        try AtomicFile.write(authority.certificatePEM.utf8, to: directory + "/ca.pem", mode: AtomicFile.publicMode)
        for (name, identity) in [("server", "spiffe://bench.example/server"), ("client", Self.clientIdentity)] {
            try authority.issue(.workload(try SPIFFEID(identity)), now: Date()).write(certificate: "\(directory)/\(name).pem", privateKey: "\(directory)/\(name).key")
        }
        let generator = LoadGenerator(
            program: try Workplace.tool("h2load", package: "nghttp2-client"), certificateLibrary: try workplace.program("libbench-client-certificate.so"),
            certificate: directory + "/client.pem", key: directory + "/client.key", load: load, log: directory + "/h2load.log")
        var contestants: [Contestant] = []
        do {
            contestants.append(try await nghttpd(directory))
            contestants.append(try await ours(directory, "router", asService: false))
            contestants.append(try await ours(directory, "router with a service's middleware", asService: true))
            for run in 0...runs {
                for index in contestants.indices {
                    let process = contestants[index].process
                    let before = try ProcessFigures.cpuSeconds(process.pid)
                    let outcome = try await generator.run(port: contestants[index].port)
                    let spent = try ProcessFigures.cpuSeconds(process.pid) - before
                    // The first round warms caches and heaps.
                    guard run > 0 else { continue }
                    contestants[index].rates.append(outcome.requestsPerSecond)
                    contestants[index].server.append(spent / Double(load.requests) * 1e6)
                    contestants[index].generator.append(outcome.cpuSeconds / Double(load.requests) * 1e6)
                }
            }
            let report = report(contestants)
            await stop(contestants)
            return report
        } catch {
            await stop(contestants)
            throw error
        }
    }

    private func stop(_ contestants: [Contestant]) async {
        let processes = contestants.map(\.process)
        await Interruption.shielded { for process in processes { await process.stop() } }
    }

    private func nghttpd(_ directory: String) async throws -> Contestant {
        let port = try Self.freePort()
        let process = try ChildProcess(
            try Workplace.tool("nghttpd", package: "nghttp2-server"),
            ["-V", "-n", String(load.nghttpdWorkers), "-a", "127.0.0.1", "-d", directory + "/files", String(port), directory + "/server.key", directory + "/server.pem"],
            log: directory + "/nghttpd.log")
        do {
            _ = try await process.line(beginning: "IPv4: listen")
        } catch {
            await process.stop()
            throw error
        }
        return Contestant(name: "nghttpd, \(load.nghttpdWorkers) workers", process: process, port: port)
    }

    private func ours(_ directory: String, _ name: String, asService: Bool) async throws -> Contestant {
        let process = try ChildProcess(
            try workplace.program("bench"),
            ["serve", "--certificate", directory + "/server.pem", "--key", directory + "/server.key", "--trust-anchors", directory + "/ca.pem"] + (asService ? ["--as-service"] : []),
            log: "\(directory)/serve-\(asService).log")
        do {
            let text = try await process.line(beginning: ServeCommand.announcement)
            guard let port = Int(text) else { throw BenchFailure("'\(text)' is no port") }
            return Contestant(name: name, process: process, port: port)
        } catch {
            await process.stop()
            throw error
        }
    }

    private func report(_ contestants: [Contestant]) -> Report {
        var table = Table("server", "requests/s (median)", "lowest – highest", "CPU per request, server", "CPU per request, generator", "ratio of requests/s", "ratio of CPU per request")
        let peer = contestants[0]
        for contestant in contestants {
            let rates = Runs(contestant.rates)
            table.add(contestant.name, rates.median.formatted(0), "\(rates.lowest.formatted(0)) – \(rates.highest.formatted(0))",
                      "\(Runs(contestant.server).median.formatted(1)) µs", "\(Runs(contestant.generator).median.formatted(1)) µs",
                      (rates.median / Runs(peer.rates).median).formatted(2), (Runs(contestant.server).median / Runs(peer.server).median).formatted(2))
        }
        return Report(
            title: "HTTP/2 with mutual TLS, small GET",
            method: """
                200-byte answer, TLS 1.3, client certificate; h2load with one thread, \(load.connections) connections of \(load.streams) streams, \(load.requests) requests a run, \
                on the same cores as the server; \(runs) runs each, in turn, after one that does not count.
                """,
            tables: [table],
            floors: [Floor(what: "HTTP/2, requests/s against nghttpd", bound: .atLeast(0.5), value: Runs(contestants[1].rates).median / Runs(peer.rates).median, decimals: 2, unit: "×")])
    }

    /// A loopback port that nobody listens on now; nghttpd cannot be told to choose one.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchFailure("no socket: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> UInt16? in
                guard bind(descriptor, generic, length) == 0, getsockname(descriptor, generic, &length) == 0 else { return nil }
                return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
            }
        }
        guard let port else { throw BenchFailure("no free port: \(String(cString: strerror(errno)))") }
        return Int(port)
    }
}
