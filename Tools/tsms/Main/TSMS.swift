import ArgumentParser
import Logging
import ServiceKit

/// `tsms`: testbed, demo, handset, secure components, issuer and CAP files of the trusted service management system.
@main
struct TSMS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tsms", abstract: "Tools of the trusted service management system of BSI TR-03165.",
        discussion: ExitStatus.discussion, version: ServiceVersion.text,
        subcommands: [TestbedCommand.self, DemoCommand.self, HandsetCommand.self, SecureComponentCommand.self, IssuerCommand.self, ProviderCommand.self, OperatorCommand.self, AttestationCommand.self, SPOSCommand.self, VaultCommand.self, CAPCommand.self])

    static func main() async {
        do {
            var command = try parseAsRoot()
            // A tool speaks through its own output; what its HTTP client notes is for debugging only. A service sets up its own log.
            if !(command is SPOSCommand.Serve) {
                LoggingSystem.bootstrap { label in
                    var handler = StreamLogHandler.standardError(label: label)
                    handler.logLevel = .critical
                    return handler
                }
            }
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
