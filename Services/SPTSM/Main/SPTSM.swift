import ArgumentParser
import ServiceKit
import SPTSMHandset
import SPTSMProvider

/// `sp-tsm provider` and `sp-tsm handset`: the two planes of the SP TSM, each a process of its own (TR-03165 4.2.2).
@main
struct SPTSM: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sp-tsm", abstract: "The service provider's trusted service manager of BSI TR-03165.", version: ServiceVersion.text,
        subcommands: [Provider.self, Handset.self])

    /// The provider plane: the REST API, its catalogue and the operator's listener.
    struct Provider: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "provider", abstract: "Runs the provider plane until SIGTERM.")
        @OptionGroup var service: ServiceExecutable<ProviderPlane>

        func run() async throws { try await service.run() }
    }

    /// The handset plane: the TSM-API backend with its life-cycle store.
    struct Handset: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "handset", abstract: "Runs the handset plane until SIGTERM.")
        @OptionGroup var service: ServiceExecutable<HandsetPlane>

        func run() async throws { try await service.run() }
    }
}
