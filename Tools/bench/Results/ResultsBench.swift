import ArgumentParser
import Foundation
import GlobalPlatform
import Identity
import Logging
import SecureComponent
import SecureComponentSimulator
import ServiceKit
import TrustedServiceModel
import TSMAPI

struct ResultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "spos", abstract: "Results of processes delivered to an online service, a second, and how long one takes.")

    struct Load: ParsableArguments {
        @Option(help: "Results that wait when the online service comes back.") var results = 2000
        @Option(help: "Handsets, with one Service Instance each.") var handsets = 32

        func validate() throws {
            guard (10...100_000).contains(results), (1...500).contains(handsets) else { throw ValidationError("--results is 10 to 100000, --handsets 1 to 500") }
        }
    }

    @OptionGroup var options: BenchOptions
    @OptionGroup var load: Load

    func run() async throws {
        let command = self
        try await options.perform { [try await ResultsBench(workplace: $0, load: command.load).run()] }
    }
}

/// The outbox of a handset plane and the testbed's online service: what waited is sent at once when that is back; then one result after the other.
struct ResultsBench: Sendable {
    private struct Described: Decodable {
        struct DemoService: Decodable { var id: String }
        var demoService: DemoService
    }

    private struct Line: Decodable {
        struct Result: Decodable { var endDate: String }
        var received: String
        var id: String
        var result: Result
    }

    let workplace: Workplace
    let load: ResultsCommand.Load

    func run() async throws -> Report {
        try await RunningTestbed.with(workplace, "results", options: ["--with-demo-service", "--with-spos"]) { testbed in
            do {
                return try await measure(testbed)
            } catch {
                throw BenchFailure("\(error)\n\(testbed.complaints())")
            }
        }
    }

    private func measure(_ testbed: RunningTestbed) async throws -> Report {
        let described = try WireJSON.decode(Described.self, from: Data(contentsOf: URL(fileURLWithPath: testbed.directory + "/testbed.json")))
        let inbox = testbed.directory + "/service-providers/sp-1/spos-inbox/results.jsonl"
        let cards = try await IssuedCards.issue(load.handsets, in: testbed.file)
        guard let url = URL(string: testbed.file.gateway.handsetURL) else { throw BenchFailure("'\(testbed.file.gateway.handsetURL)' is no URL") }
        let transport = try HTTP2BackendTransport(origin: url, trustAnchors: testbed.file.gateway.ca, logger: Logger(label: "handset"))
        let handsets = try cards.map { try SuspendedHandset($0, in: testbed.file, transport: transport) }
        try await each(handsets) { try await $0.prepare(described.demoService.id) }

        // One at a time: from the end of the process to the online service.
        for _ in 0..<50 { try await handsets[0].suspend() }
        let quiet = try await lines(inbox, atLeast: 2 * load.handsets + 50).suffix(50)
        let delays = Runs(try quiet.map { try seconds($0.received) - seconds($0.result.endDate) })

        // All of them at once.
        let waitingBefore = try await lines(inbox, atLeast: 0).count
        guard kill(try testbed.file.process("spos").pid, SIGTERM) == 0 else { throw BenchFailure("the online service cannot be stopped") }
        let rounds = max(1, load.results / load.handsets)
        let made = rounds * load.handsets
        let began = ContinuousClock.now
        try await each(handsets) { for _ in 0..<rounds { try await $0.suspend() } }
        let making = began.duration(to: .now).seconds
        let handset = try testbed.file.process("sp-tsm-handset").pid
        let before = try ProcessFigures.cpuSeconds(handset)
        _ = try await testbed.restarting("spos", adding: "", workplace)
        let arrived = try await lines(inbox, atLeast: waitingBefore + made).dropFirst(waitingBefore)
        let spent = try ProcessFigures.cpuSeconds(handset) - before
        await transport.shutdown()
        guard Set(arrived.map(\.id)).count == made, let first = arrived.first, let last = arrived.last else { throw BenchFailure("\(arrived.count) results came of \(made)") }
        let time = try seconds(last.received) - seconds(first.received)

        var table = Table("results", "Service Instances", "deliveries/s", "CPU of the handset plane a delivery", "one at a time: end of the process to the inbox, median", "95 %")
        table.add("\(made)", "\(load.handsets)", (Double(made - 1) / time).formatted(0), "\((spent / Double(made) * 1000).formatted(2)) ms",
                  "\((delays.median * 1000).formatted(1)) ms", "\((delays.percentile(0.95) * 1000).formatted(1)) ms")
        return Report(
            title: "Results to online services",
            method: """
                The real programs as `tsms testbed up --with-spos` starts them, stores on \(workplace.fileSystem) with synchronous=FULL. \(made) processes end (\((Double(made) / making).formatted(0)) a second) while \
                the testbed's online service is stopped; it is started again and takes their results over HTTP/2 with mutual TLS, each flushed to its inbox before it answers. Results of one instance go one after \
                the other, 16 side by side. Deliveries a second: from the first line of the inbox to the last.
                """,
            tables: [table])
    }

    private func each(_ handsets: [SuspendedHandset], _ work: @escaping @Sendable (SuspendedHandset) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for handset in handsets { group.addTask { try await work(handset) } }
            try await group.waitForAll()
        }
    }

    /// Waits for so many.
    private func lines(_ path: String, atLeast count: Int) async throws -> [Line] {
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            let data = FileManager.default.contents(atPath: path) ?? Data()
            let whole = data.lastIndex(of: UInt8(ascii: "\n")).map { data.prefix(through: $0) } ?? Data()
            let found = whole.split(separator: UInt8(ascii: "\n"))
            if found.count >= count { return try found.map { try WireJSON.decode(Line.self, from: $0) } }
            guard ContinuousClock.now < deadline else { throw BenchFailure("only \(found.count) of \(count) results came") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func seconds(_ text: String) throws -> Double {
        guard let date = WireDate.date(text) else { throw BenchFailure("'\(text)' is no time") }
        return date.timeIntervalSince1970
    }
}

/// An instance that is suspended: suspending it again is a process of one request that leaves the card alone.
private struct SuspendedHandset: Sendable {
    private let client: TSMClient
    private let instances = InstanceBox()

    init(_ card: SimulatedCard, in testbed: TestbedFile, transport: any BackendTransport) throws {
        guard let provider = testbed.serviceProviders.first, let app = provider.apps.first, let url = URL(string: testbed.gateway.handsetURL) else {
            throw BenchFailure("the testbed has no app or no gateway")
        }
        let reader = SimulatorReader(name: "eSE1", card: card, accessControl: AccessControl(deviceApp: try DeviceAppID(hex: app.deviceAppId)))
        client = TSMClient(
            configuration: TSMClientConfiguration(handsetURL: url, serviceProviderId: provider.id, deviceAppId: app.deviceAppId, issuerSecurityDomains: [.issuerSecurityDomain]),
            transport: transport, deviceKey: SoftwareTokenSigner(), secureComponents: SimulatorService([reader]))
    }

    func prepare(_ service: String) async throws {
        let created = await client.createServiceInstance(serviceId: service, version: "1.0.0")
        guard let instance = created.serviceInstance else { throw BenchFailure("createServiceInstance: \(created.executionMessage)") }
        await instances.set(instance.id)
        let deployed = await client.deployService(serviceInstanceId: instance.id, serviceCommands: BenchHandset.commands, finalizeDeployment: true)
        guard deployed.processInfo.executionStatus == .noError else { throw BenchFailure("deployService: \(deployed.processInfo.executionMessage)") }
        try await suspend()
    }

    func suspend() async throws {
        let result = await client.suspendOrResumeService(serviceInstanceId: await instances.id, suspensionControl: true)
        guard result.processInfo.executionStatus == .noError else { throw BenchFailure("suspendOrResumeService: \(result.processInfo.executionMessage)") }
    }
}

private actor InstanceBox {
    private(set) var id = ""
    func set(_ id: String) { self.id = id }
}
