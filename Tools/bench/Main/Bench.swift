import ArgumentParser
import Logging

/// `bench`: the figures of docs/performance.md.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Takes the figures of docs/performance.md.",
        discussion: """
            Meant for release builds on a quiet machine. Everything listens on loopback only and is stopped at the end. Exit code 0 when all \
            figures could be taken, 1 when one could not or, with --strict, when one misses its floor.
            """,
        subcommands: [AllCommand.self, HTTPCommand.self, WrapCommand.self, VaultBenchCommand.self, CardCommand.self, DeployCommand.self, LinkCommand.self, GrowthCommand.self, CatalogueCommand.self, ResultsCommand.self, StartCommand.self, VPCDCommand.self, ServeCommand.self],
        defaultSubcommand: AllCommand.self)

    static func main() async {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .critical
            return handler
        }
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error)
        }
    }
}
