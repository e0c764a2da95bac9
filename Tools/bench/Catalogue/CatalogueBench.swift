import ArgumentParser
import Foundation
import ServiceKit
import TrustedServiceModel

struct CatalogueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "catalogue", abstract: "The provider interface through its gateway: listServices, createService, memory during uploads.")

    struct Load: ParsableArguments {
        @Option(help: "Services that listServices answers.") var services = 1000
        @Option(help: "Requests of one run of listServices.") var lists = 400
        @Option(help: "Requests of one run of createService.") var creations = 2000
        @Option(help: "Load files that are uploaded at once.") var uploads = 50
        @Option(help: ArgumentHelp("Size of such a CAP file, at least.", valueName: "bytes")) var uploadSize = 400_000

        func validate() throws {
            guard (1...10_000).contains(services), [lists, creations].allSatisfy({ (1...1_000_000).contains($0) }), (1...1000).contains(uploads), (1...470_000).contains(uploadSize) else {
                throw ValidationError("--services is 1 to 10000, --lists and --creations 1 to 1000000, --uploads 1 to 1000, --upload-size 1 to 470000")
            }
        }
    }

    @OptionGroup var options: BenchOptions
    @OptionGroup var load: Load
    @OptionGroup var http: HTTPCommand.Load

    func run() async throws {
        let command = self
        try await options.perform { [try await CatalogueBench(workplace: $0, load: command.load, http: command.http, runs: command.options.runs).run()] }
    }
}

/// The provider interface of a testbed of the real programs, beside the suite's bare HTTP/2 layer under the same generator.
struct CatalogueBench: Sendable {
    /// A listing is large: with all streams of a small GET the answers under way would be what is measured.
    static let listStreams = 2

    let workplace: Workplace
    let load: CatalogueCommand.Load
    let http: HTTPCommand.Load
    let runs: Int

    func run() async throws -> Report {
        let arena = try Arena(workplace, http, name: "catalogue-http")
        let (bare, listed, calls) = try await Started.with { started in
            var bare = await started.add(try await arena.ours("small GET through the router, no gateway"))
            let (listed, calls) = try await Self.onTestbed(workplace, "catalogue") { try await measure($0, &bare, try arena.generator()) }
            return (bare, listed, calls)
        }
        let uploads = try await UploadWeight(workplace: workplace, load: load, http: http, runs: runs).run()
        return Report(
            title: "Provider interface",
            method: """
                The real programs as `tsms testbed up` starts them, store on \(workplace.fileSystem) with synchronous=FULL, no limit on requests a second; h2load with one thread and the service provider's \
                certificate and token at the gateway, \(http.connections) connections; listServices with \(load.services) services (\(listed) bytes), \(Self.listStreams) streams each, \(load.lists) requests a run; \
                createService with \(http.streams) streams each, \(load.creations) requests a run; the small GET as in `bench http`, \(http.requests) requests a run, in turn with the listings. \(runs) runs \
                each after one that does not count. Uploads: \(load.uploads) at once of one valid CAP file of \(uploads.size) bytes, \(max(2, runs)) times.
                """,
            tables: [ProviderCalls.table(calls + [uploads.calls], bare: bare), uploads.memory])
    }

    /// A testbed whose provider plane answers as many requests as come.
    static func onTestbed<Value: Sendable>(_ workplace: Workplace, _ name: String, _ work: (RunningTestbed) async throws -> Value) async throws -> Value {
        try await RunningTestbed.with(workplace, name) { testbed in
            let open = try await testbed.restarting(ProviderCalls.plane, adding: "access: {requestsPerSecond: 0}", workplace)
            do {
                return try await work(open)
            } catch {
                throw BenchFailure("\(error)\n\(open.complaints())")
            }
        }
    }

    /// h2load as the testbed's first service provider.
    static func generator(_ testbed: RunningTestbed, _ workplace: Workplace, _ load: HTTPCommand.Load) throws -> LoadGenerator {
        guard let provider = testbed.file.serviceProviders.first else { throw BenchFailure("the testbed has no service provider") }
        return LoadGenerator(
            program: try Workplace.tool("h2load", package: "nghttp2-client"), certificateLibrary: try workplace.program("libbench-client-certificate.so"),
            certificate: provider.clientCertificate, key: provider.clientKey, load: load, log: testbed.directory + "/h2load.log")
    }

    /// - Returns: bytes of the listing, and the calls' figures.
    private func measure(_ testbed: RunningTestbed, _ bare: inout Contestant, _ bareGenerator: LoadGenerator) async throws -> (Int, [ProviderCalls]) {
        let generator = try Self.generator(testbed, workplace, http)
        let url = testbed.file.gateway.providerURL + "/services"
        let body = testbed.directory + "/service.json"
        let token = try await ProviderConnection.with(testbed.file) { connection in
            try Data(try WireJSON.encode(PublishedService.NewService(accessAuthorizedDeviceApps: connection.provider.apps.map(\.deviceAppId)))).write(to: URL(fileURLWithPath: body))
            return connection.token
        }
        func creation(_ count: Int) -> LoadGenerator.Requests {
            LoadGenerator.Requests(
                count: count, connections: min(http.connections, count), streams: http.streams, url: url, headers: ["authorization: \(token)", "content-type: \(WireJSON.contentType)"], body: body)
        }
        _ = try await generator.run(creation(load.services))
        let listed = try await ProviderConnection.with(testbed.file) { connection in
            let answer = try await connection.client.exchange(.get, "/services", bytes: nil, contentType: nil, headers: connection.headers)
            let count = try WireJSON.decode([TrustedServiceModel.Service].self, from: answer.body).count
            guard count == load.services else { throw BenchFailure("\(count) services are listed, \(load.services) were created") }
            return answer.body.count
        }
        var lists = try ProviderCalls("listServices", LoadGenerator.Requests(
            count: load.lists, connections: min(http.connections, load.lists), streams: Self.listStreams, url: url, headers: ["authorization: \(token)"]), in: testbed.file)
        for run in 0...runs {
            try await bare.run(bareGenerator, counts: run > 0)
            try await lists.run(generator, counts: run > 0)
        }
        // After the listings, since they change what is listed.
        var creations = try ProviderCalls("createService", creation(load.creations), in: testbed.file)
        for run in 0...runs { try await creations.run(generator, counts: run > 0) }
        return (listed, [lists, creations])
    }
}
