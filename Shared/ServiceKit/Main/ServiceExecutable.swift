import ArgumentParser
import Foundation
import Logging

/// The command line of a service: `--config FILE [--check-config] [--testbed] [--ready-file PATH] [--log-level LEVEL] [--version]`.
///
/// An executable with one service is `await ServiceExecutable<KeyVaultService>.main()`; with several, they are its subcommands.
public struct ServiceExecutable<Service: TSMSService>: AsyncParsableCommand {
    public static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: Service.name, abstract: "Runs \(Service.name) until SIGTERM.", version: ServiceVersion.text)
    }

    @Option(name: .customLong("config"), help: ArgumentHelp("The YAML configuration.", valueName: "file"))
    var configurationFile: String

    @Flag(help: "Check the configuration and every file that it names, then exit.")
    var checkConfig = false

    @Flag(help: "Accept test certificates.")
    var testbed = false

    @Option(help: ArgumentHelp("Where to write the bound ports; default: endpoints.json in the store's directory.", valueName: "path"))
    var readyFile: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical; overrides the configuration.", valueName: "level"))
    var logLevel: String?

    public init() {}

    public func validate() throws {
        if let logLevel, Logger.Level(rawValue: logLevel) == nil {
            throw ValidationError("--log-level is one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        }
    }

    public func run() async throws {
        do {
            let configuration = try ServiceRunner.configuration(of: Service.self, file: configurationFile, isTestbed: testbed, now: Date())
            if checkConfig {
                print("\(configurationFile): configuration of \(Service.name) is in order")
                return
            }
            try await ServiceRunner.run(
                Service.self, configuration: configuration,
                options: ServiceOptions(isTestbed: testbed, readyFile: readyFile, logLevel: logLevel.flatMap(Logger.Level.init(rawValue:))))
        } catch let error as ServiceStartError {
            LoggingBootstrap.writeToStandardError("\(Service.name): \(error)\n")
            throw ExitCode(error.kind.rawValue)
        }
    }
}
