import ArgumentParser
import Foundation
import KeyVaultAPI
import KeyVaultService
import ServiceKit

/// `key-vault --config FILE` serves; `key-vault init --config FILE` makes the root key of a new vault.
@main
struct KeyVaultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key-vault", abstract: "Keeps a TSM's keys.", version: ServiceVersion.text,
        subcommands: [ServiceExecutable<VaultService>.self, Initialise.self], defaultSubcommand: ServiceExecutable<VaultService>.self)
}

struct Initialise: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Makes the root key file if there is none.",
        discussion: "Keep a copy of the file in a safe: without it no key of the vault can ever be used again.")

    @Option(name: .customLong("config"), help: ArgumentHelp("The YAML configuration.", valueName: "file"))
    var configurationFile: String

    func run() throws {
        do {
            let configuration = try StrictYAML.decode(VaultConfiguration.self, fromFile: configurationFile)
            switch try VaultInitialisation.run(rootKeyFile: configuration.rootKeyFile, storeDirectory: configuration.store.directory) {
            case .created: print("key-vault: made the root key \(configuration.rootKeyFile)")
            case .present: print("key-vault: the root key \(configuration.rootKeyFile) is there already")
            }
        } catch let error as ConfigurationError {
            FileHandle.standardError.write(Data("key-vault: \(configurationFile): \(error)\n".utf8))
            throw ExitCode(ServiceStartError.Kind.configuration.rawValue)
        } catch let error as KeyVaultError {
            FileHandle.standardError.write(Data("key-vault: \(error.reason)\n".utf8))
            throw ExitCode(ServiceStartError.Kind.unavailable.rawValue)
        }
    }
}
