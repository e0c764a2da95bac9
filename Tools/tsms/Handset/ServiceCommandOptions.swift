import ArgumentParser
import Foundation
import TrustedServiceModel

/// The serviceCommands of deployService and updateService (TR-03165 4.2.3.3 to 4.2.3.5).
struct ServiceCommandOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Comma-separated: install, personalize, activate; empty for none.", valueName: "commands")) var commands = "install,personalize,activate"
    @Flag(help: "The activate command leaves the instance suspended.") var suspend = false
    @Flag(help: "Finalize the deployment.") var finalize = false
    @Option(name: .customLong("installation-data"), help: ArgumentHelp("A value for the install command; name=@FILE reads it from a file.", valueName: "name=value")) var installationData: [String] = []
    @Option(name: .customLong("personalization-data"), help: ArgumentHelp("A value for the personalize command; name=@FILE reads it from a file.", valueName: "name=value")) var personalizationData: [String] = []

    func serviceCommands() throws -> [ServiceCommand] {
        try commands.split(separator: ",").map { word in
            switch ServiceCommand.Kind(rawValue: word.trimmingCharacters(in: .whitespaces)) {
            case .install: .install(installationData: try Self.values(installationData))
            case .personalize: .personalize(personalizationData: try Self.values(personalizationData))
            case .activate: .activate(suspensionControl: suspend)
            case nil: throw ValidationError("'\(word)' is no service command: install, personalize or activate is expected")
            }
        }
    }

    func validate() throws { _ = try serviceCommands() }

    /// What other users of this machine must not read in the list of processes comes from a file; one line end at its end is not part of the value.
    private static func values(_ options: [String]) throws -> [String: String] {
        var values: [String: String] = [:]
        for option in options {
            guard let equals = option.firstIndex(of: "="), equals != option.startIndex else { throw ValidationError("'\(option.prefix(32))' has no name: name=value is expected") }
            let name = String(option[..<equals]), value = option[option.index(after: equals)...]
            guard values[name] == nil else { throw ValidationError("'\(name)' is given twice") }
            guard value.first == "@" else {
                values[name] = String(value)
                continue
            }
            guard let text = try? String(contentsOfFile: String(value.dropFirst()), encoding: .utf8) else { throw ValidationError("the file of '\(name)' cannot be read as text") }
            values[name] = text.hasSuffix("\n") ? String(text.dropLast()) : text
        }
        return values
    }
}
