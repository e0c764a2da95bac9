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
        commandName: "init", abstract: "Makes the root key if there is none.",
        discussion: "Keep a copy of a root key file in a safe: without it no key of the vault can ever be used again.")

    @Option(name: .customLong("config"), help: ArgumentHelp("The YAML configuration.", valueName: "file"))
    var configurationFile: String

    func run() throws {
        do {
            let configuration = try StrictYAML.decode(VaultConfiguration.self, fromFile: configurationFile)
            let place = switch configuration.rootKey {
            case .file(let path): path
            case .shares: "shares"
            case .token(let token): "'\(token.rootKeyLabel)' in token '\(token.tokenLabel)'"
            }
            switch try VaultInitialisation.run(configuration) {
            case .created: print("key-vault: made the root key \(place)")
            case .present: print("key-vault: the root key \(place) is there already")
            case .custodians: print("key-vault: the root key is made and shared by `tsms vault ceremony root`; the vault starts sealed")
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
