import Foundation
import Identity

/// Certificates, the small file, and the programs that the HTTP measurements start.
struct Arena: Sendable {
    static let clientIdentity = "spiffe://bench.example/client"
    static let serverIdentity = "spiffe://bench.example/server"

    /// As the services are run (deploy/systemd, `tsms testbed`).
    static let allocation = ["GLIBC_TUNABLES": "glibc.malloc.tcache_count=1000"]

    let workplace: Workplace
    let load: HTTPCommand.Load
    let directory: String

    init(_ workplace: Workplace, _ load: HTTPCommand.Load, name: String) throws {
        self.workplace = workplace
        self.load = load
        directory = workplace.directory + "/" + name
        try FileManager.default.createDirectory(atPath: directory + "/files", withIntermediateDirectories: true)
        try AtomicFile.write(ServeCommand.answer, to: directory + "/files/small", mode: AtomicFile.publicMode)
        let authority = try CertificateAuthority(name: "bench root", testMarker: true, now: Date())
        try AtomicFile.write(authority.certificatePEM.utf8, to: directory + "/ca.pem", mode: AtomicFile.publicMode)
        for (name, identity) in [("server", Self.serverIdentity), ("client", Self.clientIdentity)] {
            let issued = try authority.issue(.workload(try SPIFFEID(identity)), now: Date())
            try issued.write(certificate: file(name, "pem"), privateKey: file(name, "key"))
            // haproxy wants both in one file.
            try AtomicFile.write((issued.certificatePEM + "\n" + issued.privateKeyPEM).utf8, to: file(name, "both.pem"), mode: AtomicFile.secretMode)
        }
    }

    func file(_ name: String, _ kind: String) -> String { "\(directory)/\(name).\(kind)" }

    func generator() throws -> LoadGenerator {
        LoadGenerator(
            program: try Workplace.tool("h2load", package: "nghttp2-client"), certificateLibrary: try workplace.program("libbench-client-certificate.so"),
            certificate: file("client", "pem"), key: file("client", "key"), load: load, log: directory + "/h2load.log")
    }

    func nghttpd() async throws -> Contestant {
        let port = try LoopbackPort.free()
        let process = try ChildProcess(
            try Workplace.tool("nghttpd", package: "nghttp2-server"),
            ["-V", "-n", String(load.nghttpdWorkers), "-a", "127.0.0.1", "-d", directory + "/files", String(port), file("server", "key"), file("server", "pem")],
            log: directory + "/nghttpd.log")
        return try await started(Contestant(name: "nghttpd, \(load.nghttpdWorkers) workers", process: process, port: port))
    }

    /// haproxy between the generator and a server, mutual TLS on both sides.
    func haproxy(to port: Int) async throws -> Contestant {
        let own = try LoopbackPort.free()
        let configuration = """
            global
                nbthread \(load.nghttpdWorkers)
            defaults
                mode http
                timeout connect 5s
                timeout client 30s
                timeout server 30s
            frontend in
                bind 127.0.0.1:\(own) ssl crt \(file("server", "both.pem")) ca-file \(file("ca", "pem")) verify required alpn h2
                default_backend out
            backend out
                server one 127.0.0.1:\(port) ssl crt \(file("client", "both.pem")) ca-file \(file("ca", "pem")) verify required alpn h2

            """
        try AtomicFile.write(configuration.utf8, to: file("haproxy", "cfg"), mode: AtomicFile.secretMode)
        let process = try ChildProcess(try Workplace.tool("haproxy", package: "haproxy"), ["-db", "-f", file("haproxy", "cfg")], log: directory + "/haproxy.log")
        return try await started(Contestant(name: "haproxy, \(load.nghttpdWorkers) threads", process: process, port: own))
    }

    /// The suite's own, as `bench serve` with some more words.
    func ours(_ name: String, _ words: [String] = []) async throws -> Contestant {
        let process = try ChildProcess(
            try workplace.program("bench"), ["serve", "--certificate", file("server", "pem"), "--key", file("server", "key"), "--trust-anchors", file("ca", "pem")] + words,
            environment: Self.allocation, log: "\(directory)/serve-\(words.count).log")
        do {
            let text = try await process.line(beginning: ServeCommand.announcement)
            guard let port = Int(text) else { throw BenchFailure("'\(text)' is no port") }
            return Contestant(name: name, process: process, port: port)
        } catch {
            await process.stop()
            throw error
        }
    }

    private func started(_ contestant: Contestant) async throws -> Contestant {
        do {
            try await LoopbackPort.waitUntilAccepting(contestant.port, contestant.process)
            return contestant
        } catch {
            await contestant.process.stop()
            throw error
        }
    }
}

/// Servers of a measurement, all stopped when it ends.
actor Started {
    private var processes: [ChildProcess] = []

    func add(_ contestant: Contestant) -> Contestant {
        processes.append(contestant.process)
        return contestant
    }

    private func stop() async {
        for process in processes { await process.stop() }
    }

    static func with<Value: Sendable>(_ work: (Started) async throws -> Value) async throws -> Value {
        let started = Started()
        do {
            let value = try await work(started)
            await started.stop()
            return value
        } catch {
            await Interruption.shielded { await started.stop() }
            throw error
        }
    }
}
