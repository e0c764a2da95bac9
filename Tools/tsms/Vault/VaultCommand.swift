import ArgumentParser
import Foundation
import Identity
import KeyVaultAPI
import ServiceKit

/// `tsms vault …`: what people do with a key vault.
struct VaultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vault", abstract: "Key vaults: opening, root key, key ceremonies, audit log, backup.",
        discussion: "docs/key-vault.md says what is done when. \(ExitStatus.discussion)",
        subcommands: [Status.self, Unseal.self, Seal.self, RotateRoot.self, CeremonyCommand.self, LoadKey.self, AuditLogCommand.self, Backup.self, Restore.self])

    /// A running vault, and who calls it.
    struct Target: ParsableArguments {
        @Option(help: ArgumentHelp("Base path, https://…/vault/v1.", valueName: "url")) var url: String
        @Option(help: ArgumentHelp("PEM of the CA of the vault's certificate.", valueName: "file")) var ca: String
        @Option(help: ArgumentHelp("Your certificate, PEM.", valueName: "file")) var certificate: String
        @Option(help: ArgumentHelp("Key of the certificate, PEM.", valueName: "file")) var key: String
        @Option(help: ArgumentHelp("SPIFFE ID of the vault.", valueName: "identity")) var expect: String

        func with<Value: Sendable>(_ work: (JSONClient) async throws -> Value) async throws -> Value {
            try await VaultConnection(url: url, ca: ca, certificate: certificate, key: key, expect: expect).with(work)
        }
    }
}

/// Calls to a vault; a refusal is told in the vault's own words.
struct VaultConnection: Sendable {
    let url: String
    let ca: String
    let certificate: String
    let key: String
    let expect: String

    func with<Value: Sendable>(_ work: (JSONClient) async throws -> Value) async throws -> Value {
        let connection = try OperatorConnection(certificate: certificate, key: key, trustAnchors: ca, url: url, identity: try SPIFFEID(expect))
        do {
            return try await OperatorConnection.with(connection, work)
        } catch let error as RemoteError {
            throw ToolFailure("\(KeyVaultError(remote: error))", status: error.status == nil ? .failed : .refused)
        } catch let error as KeyVaultError {
            throw ToolFailure("\(error)", status: error.code == .unreachable ? .failed : .refused)
        }
    }
}
