import ArgumentParser
import Foundation
import KeyVaultAPI
import ServiceKit

extension VaultCommand {
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Whether the vault is sealed, and how far a change of its root key has come.",
            discussion: #"With --json the object of GET /vault/v1/seal. "# + ExitStatus.discussion)
        @OptionGroup var target: Target
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let target = target
            try await output.perform { console in
                let status = try await target.with { try await $0.call(.get, KeyVaultPaths.seal, as: SealStatus.self) }
                console.object(status)
                status.lines.forEach(console.text)
                return .done
            }
        }
    }

    struct Unseal: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives your share of the root key to a sealed vault.",
            discussion: "The share is read from a file, so that it is neither on the command line nor in a shell's history. \(ExitStatus.discussion)")
        @Option(name: .customLong("share-file"), help: ArgumentHelp("Your page of the ceremony, or a file with the share alone; readable by you only.", valueName: "file")) var shareFile: String
        @Flag(help: "The vault is open, and the shares are of a new ceremony: make its key the vault's root key.") var rotation = false
        @OptionGroup var target: Target
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let command = self
            try await output.perform { console in
                let share = try CeremonyPage.share(inFile: command.shareFile)
                let request = GiveShareRequest(purpose: command.rotation ? .rotation : .unseal, share: try share.text())
                let status = try await command.target.with { try await $0.call(.post, KeyVaultPaths.shares, body: request, as: SealStatus.self) }
                console.object(status)
                console.text("\(share) is given")
                status.lines.forEach(console.text)
                return .done
            }
        }
    }

    struct Seal: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Seals the vault at once: it drops all keys and refuses everything.",
            discussion: "Its custodians open it again; where the root key is in a file or a token, a restart does. \(ExitStatus.discussion)")
        @OptionGroup var target: Target
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let target = target
            try await output.perform { console in
                try await target.with { try await $0.send(.post, KeyVaultPaths.seal) }
                console.object(["result": "ok"])
                console.text("the vault is sealed")
                return .done
            }
        }
    }

    struct RotateRoot: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-root", abstract: "Gives the vault a new root key, and seals all its rows anew while it works.",
            discussion: """
                Where the root key is a file, copy the new file to the safe afterwards; keep the old copy as long as backups of before are kept. \
                Where it is shared, hold a new ceremony and give its shares with `tsms vault unseal --rotation`. \(ExitStatus.discussion)
                """)
        @OptionGroup var target: Target
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let target = target
            try await output.perform { console in
                let status = try await target.with { try await $0.call(.post, KeyVaultPaths.rotateRootKey, as: SealStatus.self) }
                console.object(status)
                console.text("the new root key is in force; `tsms vault status` tells how many rows are still to be sealed anew")
                return .done
            }
        }
    }

    struct Backup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes a consistent copy of a vault's store, also while the vault runs.",
            discussion: """
                On the vault's machine, as its user. The copy is worth nothing without the root key, which is not in it. With --json \
                {"auditLines":…,"auditHead":…,"keySets":…,"namedKeys":…}. \(ExitStatus.discussion)
                """)
        @Option(help: ArgumentHelp("Directory of the store.", valueName: "directory")) var store: String
        @Option(help: ArgumentHelp("File that is made; nothing is overwritten.", valueName: "file")) var to: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let (store, to) = (store, to)
            try await output.perform { console in
                let summary = try refusing { try StoreBackup.take(fromStore: store, to: to) }
                console.object(summary)
                console.text("\(to): \(summary.keySets) key sets, \(summary.namedKeys) named keys, \(summary.auditLines) lines of the audit log, the last with hash \(summary.auditHead)")
                return .done
            }
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts a copy in the place of a stopped vault's store.",
            discussion: """
                The replaced store is kept beside it. Key sets that only the replaced store had are listed: the vault does not know them any more, and the security \
                domains that hold them can only be removed through their issuers. \(ExitStatus.discussion)
                """)
        @Option(help: ArgumentHelp("A copy.", valueName: "file")) var from: String
        @Option(help: ArgumentHelp("Directory of the store.", valueName: "directory")) var store: String
        @OptionGroup var output: OutputOptions

        private struct Result: Encodable {
            let restored: StoreBackup.Summary
            let lost: StoreBackup.Loss?
        }

        func run() async throws {
            let (store, from) = (store, from)
            try await output.perform { console in
                let (summary, loss) = try refusing { try StoreBackup.restore(from: from, toStore: store, at: WireDate.text(Date())) }
                console.object(Result(restored: summary, lost: loss))
                console.text("\(store): \(summary.keySets) key sets, \(summary.namedKeys) named keys, \(summary.auditLines) lines of the audit log")
                if let loss {
                    console.text("lost against the replaced store: \(loss.auditLines) lines of the audit log, \(loss.keySets.count) key sets, \(loss.namedKeys.count) named keys")
                    for id in loss.keySets { console.text("  key set \(id)") }
                    for name in loss.namedKeys { console.text("  named key \(name)") }
                }
                return .done
            }
        }
    }
}

/// A refusal in words for the terminal.
func refusing<Value>(_ work: () throws -> Value) throws -> Value {
    do {
        return try work()
    } catch let error as KeyVaultError {
        throw ToolFailure(error.reason)
    }
}

extension SealStatus {
    /// In words.
    var lines: [String] {
        var lines = [sealed ? (reason ?? "the vault is sealed") : "the vault is open; root key: \(rootKey.rawValue), data key \(generation ?? 0)"]
        if let threshold, let given, sealed || given > 0 { lines.append("\(given) of \(threshold) shares are given") }
        if let remaining { lines.append("the root key is being changed: \(remaining) rows are still to be sealed anew") }
        if let rotationFailure { lines.append("the change of the root key does not go on: \(rotationFailure)") }
        return lines
    }
}
