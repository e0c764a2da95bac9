import ArgumentParser
import ServiceKit

/// `tsms spos serve`.
struct SPOSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spos", abstract: "A service provider's online service that takes results of processes and keeps them.",
        discussion: "What a testbed runs in place of service providers' own. " + ExitStatus.discussion, subcommands: [Serve.self])

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Serves POST …/process-results (TR-03165 4.3) until SIGTERM, and writes each result once into the inbox.",
            discussion: "Configuration: logging, health, listener (route group tsm), inboxes: {path below /: directory}. In a directory results.jsonl has one line for each process, "
                + "duplicates.jsonl one for each repetition. A file faults.json beside them, {\"error\": 0.1, \"loseAnswer\": 0.1, \"drop\": 0.1, \"seconds\": 0.5}, makes it misbehave: "
                + "shares of requests that are answered 503, taken and then broken off, broken off before, and how long each takes.")
        @OptionGroup var service: ServiceExecutable<SPOSStub>

        func run() async throws { try await service.run() }
    }
}
