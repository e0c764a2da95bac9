import ArgumentParser
import Foundation
import TrustedServiceModel

/// The serviceCommands of deployService and updateService (TR-03165 4.2.3.3 to 4.2.3.5).
struct ServiceCommandOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Comma-separated: install, personalize, activate; empty for none.", valueName: "commands")) var commands = "install,personalize,activate"
    @Flag(help: "The activate command leaves the instance suspended.") var suspend = false
    @Flag(help: "Finalize the deployment.") var finalize = false

    func serviceCommands() throws -> [ServiceCommand] {
        try commands.split(separator: ",").map { word in
            switch ServiceCommand.Kind(rawValue: word.trimmingCharacters(in: .whitespaces)) {
            case .install: .install(installationData: [:])
            case .personalize: .personalize(personalizationData: [:])
            case .activate: .activate(suspensionControl: suspend)
            case nil: throw ValidationError("'\(word)' is no service command: install, personalize or activate is expected")
            }
        }
    }

    func validate() throws { _ = try serviceCommands() }
}
