import Foundation

/// What gateway and provider plane weigh while load files come in at the same time. On a testbed of its own, since the kernel's peak counts
/// from a process's beginning.
struct UploadWeight: Sendable {
    /// How long the services rest before they are weighed again.
    static let rest = Duration.seconds(5)

    let workplace: Workplace
    let load: CatalogueCommand.Load
    let http: HTTPCommand.Load
    let runs: Int

    struct Outcome: Sendable {
        let memory: Table
        let calls: ProviderCalls
        /// Bytes of the file that is uploaded.
        let size: Int
    }

    func run() async throws -> Outcome {
        let file = try LargeCAPFile.make(of: Applet.bulk.read(workplace), size: load.uploadSize)
        return try await CatalogueBench.onTestbed(workplace, "uploads") { testbed in
            let form = UploadForm(loadFile: file, named: Applet.bulk.capFile)
            let body = testbed.directory + "/upload"
            try Data(form.body).write(to: URL(fileURLWithPath: body))
            let token = try await ProviderConnection.with(testbed.file) { $0.token }
            let connections = min(http.connections, load.uploads)
            let requests = LoadGenerator.Requests(
                count: load.uploads, connections: connections, streams: (load.uploads + connections - 1) / connections, url: testbed.file.gateway.providerURL + "/executable-load-files",
                headers: ["authorization: \(token)", "content-type: \(form.contentType)"], body: body)
            var calls = try ProviderCalls("createElfAndUploadBinary", requests, in: testbed.file)
            let generator = try CatalogueBench.generator(testbed, workplace, http)
            let processes = try [ProviderCalls.gateway, ProviderCalls.plane].map { try testbed.file.process($0) }
            let before = try processes.map { try ProcessFigures.memory($0.pid).resident }
            // All count: the first one is the one that finds nothing warm.
            try await calls.run(generator, counts: true)
            let first = try processes.map { try ProcessFigures.peakMemory($0.pid) }
            for _ in 1..<max(2, runs) { try await calls.run(generator, counts: true) }
            let last = try processes.map { try ProcessFigures.peakMemory($0.pid) }
            try await Task.sleep(for: Self.rest)
            var memory = Table("process", "resident before, MB", "peak, \(load.uploads) uploads, MB", "peak, \(max(2, runs)) × \(load.uploads) uploads, MB", "after \(Self.rest.components.seconds) s of rest, MB")
            for index in processes.indices {
                memory.add(processes[index].name, before[index].formatted(1), first[index].formatted(1), last[index].formatted(1), try ProcessFigures.memory(processes[index].pid).resident.formatted(1))
            }
            return Outcome(memory: memory, calls: calls, size: file.count)
        }
    }
}
