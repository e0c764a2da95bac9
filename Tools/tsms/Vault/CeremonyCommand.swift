import ArgumentParser
import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI
import ServiceKit

/// `tsms vault ceremony …`: keys that people make together. On a machine without network, before witnesses (docs/key-vault.md).
struct CeremonyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ceremony", abstract: "Makes a root key in shares, or a key in components, with a page for each custodian.", discussion: ExitStatus.discussion,
        subcommands: [Root.self, Key.self])

    struct Pages: ParsableArguments {
        @Option(help: ArgumentHelp("Directory for the pages, one file for each custodian, mode 0600.", valueName: "directory")) var out: String?
        @Flag(name: .customLong("dry-run"), help: "Goes through all of it with values that are thrown away, prints the pages and writes nothing.") var dryRun = false
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (out != nil) != dryRun else { throw ValidationError("one of --out and --dry-run is needed") }
        }

        /// - Returns: the files that were written.
        func deliver(_ pages: [CeremonyPage], name: String, _ console: Console) throws -> [String] {
            guard let out else {
                for page in pages { console.text(page.text) }
                return []
            }
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: out, isDirectory: &isDirectory), isDirectory.boolValue else { throw ToolFailure("there is no directory \(out)") }
            return try pages.map { try $0.write(to: out, name: name) }
        }
    }

    private struct Result: Encodable {
        let set: String?
        let keyCheckValue: HexBytes
        let files: [String]
    }

    struct Root: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a root key and splits it: any THRESHOLD of COUNT shares open the vault.",
            discussion: """
                For a vault with `rootKeyShares: {threshold: …, count: …}`. The key itself is never written: it comes into being, is split, put together again from \
                every choice of shares as a check, and is gone. With --json {"set":…,"keyCheckValue":…,"files":[…]}. \(ExitStatus.discussion)
                """)
        @Option(help: ArgumentHelp("Shares that are needed, 2 or more.", valueName: "number")) var threshold: Int
        @Option(help: ArgumentHelp("Shares that are made, at most 32.", valueName: "number")) var count: Int
        @OptionGroup var pages: Pages

        func run() async throws {
            let command = self
            try await pages.output.perform { console in
                let key = try SecretBytes.random(count: 32, using: SystemRandom.forKeys)
                let shares: [RootKeyShare]
                do throws(CryptographyError) {
                    shares = try RootKeyShare.split(key, threshold: command.threshold, count: command.count, using: SystemRandom.forKeys)
                } catch {
                    throw ToolFailure(error.reason)
                }
                // Each share as it will be read back, with others: a page that opens nothing must not leave the room.
                let read = try shares.map { try RootKeyShare(text: $0.text()) }
                for first in read.indices {
                    let chosen = (0..<command.threshold).map { read[(first + $0) % read.count] }
                    guard try RootKeyShare.combine(chosen) == key else { throw ToolFailure("the shares do not make the key again: nothing was written") }
                }
                let checkValue = HexBytes(try aesKeyCheckValue(key))
                let set = Hex.encode(shares[0].set)
                let pages = try read.map { share in
                    CeremonyPage(
                        title: "Root key of a key vault: share \(share.number) of \(share.count)", number: share.number, secret: ("share", try share.text()),
                        facts: [("set", set), ("shares needed", "\(share.threshold) of \(share.count)"), ("check value of the root key", "\(checkValue)")],
                        instructions: [
                            "Compare set and check value with the other custodians: they are the same on every page.",
                            "Keep this page where only you can get it, and not where another share is. Whoever has \(share.threshold) shares of this set has the vault:",
                            "if the page is lost, or somebody has seen it, say so, and new shares will be made. To open the vault:", "",
                            "    tsms vault unseal --share-file THIS-FILE --url … --ca … --certificate … --key … --expect …", "",
                            "Set and number show in the vault's audit log; the share does not.",
                        ], isDryRun: command.pages.dryRun)
                }
                let files = try command.pages.deliver(pages, name: "root-key-share", console)
                console.object(Result(set: set, keyCheckValue: checkValue, files: files))
                console.text("set \(set), check value of the root key \(checkValue)")
                for file in files { console.text("  \(file)") }
                return .done
            }
        }
    }

    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a transport or master key in components, for two domains that are to share it.",
            discussion: """
                Each component goes to one custodian of either domain; each domain loads all of them into its own vault with `tsms vault load-key`. By XOR they make the \
                key, one alone says nothing of it. With --json {"keyCheckValue":…,"files":[…]}. \(ExitStatus.discussion)
                """)
        @Option(help: ArgumentHelp("Index under which both vaults know the key.", valueName: "index")) var index: String
        @Option(help: ArgumentHelp("transport or master.", valueName: "kind")) var kind: String
        @Option(help: ArgumentHelp("Bytes: 16, 24 or 32.", valueName: "bytes")) var length = 32
        @Option(help: ArgumentHelp("2 or 3 components.", valueName: "number")) var components = 2
        @OptionGroup var pages: Pages

        func validate() throws {
            guard NamedKeyDescription.Kind(rawValue: kind) != nil else { throw ValidationError("--kind is transport or master") }
            guard [16, 24, 32].contains(length), (2...3).contains(components) else { throw ValidationError("--length is 16, 24 or 32, --components 2 or 3") }
        }

        func run() async throws {
            let command = self
            try await pages.output.perform { console in
                let parts = try KeyComponents.make(count: command.components, length: command.length, using: SystemRandom.forKeys)
                let checkValue = HexBytes(try aesKeyCheckValue(try refusing { try KeyComponents.combine(parts) }))
                let pages = try parts.enumerated().map { place, part in
                    let groups = stride(from: 0, to: part.count, by: 4).map { Hex.encode(part[$0..<min($0 + 4, part.count)]) }.joined(separator: "-")
                    return CeremonyPage(
                        title: "Component \(place + 1) of \(command.components) of \(command.kind) key \(command.index)", number: place + 1, secret: ("component", groups),
                        facts: [
                            ("index", command.index), ("kind", command.kind), ("component number", "\(place + 1) of \(command.components)"),
                            ("check value of this component", Hex.encode(try aesKeyCheckValue(SecretBytes(copying: part)))), ("check value of the key", "\(checkValue)"),
                        ],
                        instructions: [
                            "The check value of the key is the same on every page: compare it. Nobody may ever hold two components.", "To load the key, with the other components:", "",
                            "    tsms vault load-key --owner OWNER --component THIS-FILE --component … --url … --ca … --certificate … --key … --expect …",
                        ], isDryRun: command.pages.dryRun)
                }
                let files = try command.pages.deliver(pages, name: "component", console)
                console.object(Result(set: nil, keyCheckValue: checkValue, files: files))
                console.text("\(command.kind) key \(command.index): check value \(checkValue)")
                for file in files { console.text("  \(file)") }
                return .done
            }
        }
    }
}

extension VaultCommand {
    struct LoadKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "load-key", abstract: "Brings a transport or master key into a vault from its components' pages.",
            discussion: """
                Every component is compared with its check value and the result with the key's; when one differs nothing leaves this machine, and the vault compares \
                again. With --dry-run nothing is sent. With --json the named key as the vault describes it. \(ExitStatus.discussion)
                """)
        @Option(help: ArgumentHelp("Page of a component; all of them, in any order.", valueName: "file")) var component: [String]
        @Option(help: ArgumentHelp("Whose key it is: the issuer, or a service provider's ID.", valueName: "owner")) var owner: String
        @Flag(name: .customLong("dry-run"), help: "Compares everything, asks the vault whether the index is free, and stores nothing.") var dryRun = false
        @OptionGroup var target: Target
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let command = self
            try await output.perform { console in
                let pages = try command.component.map { try KeyComponentPage(file: $0) }
                guard let first = pages.first, pages.allSatisfy({ $0.index == first.index && $0.kind == first.kind && $0.keyCheckValue == first.keyCheckValue }) else {
                    throw ToolFailure("the components are of different keys: index, kind and check value of the key must be the same on all pages")
                }
                let key = try refusing { try KeyComponents.combine(pages.map(\.component.bytes)) }
                guard constantTimeEqual(try aesKeyCheckValue(key), first.keyCheckValue.bytes) else {
                    throw ToolFailure("the components do not make the key with check value \(first.keyCheckValue): one is missing or there twice; nothing was sent")
                }
                let request = ImportNamedKeyRequest(
                    index: first.index, kind: first.kind, owner: command.owner, components: pages.map(\.component), keyCheckValue: first.keyCheckValue,
                    componentCheckValues: pages.map(\.checkValue))
                if command.dryRun {
                    let known = try await command.target.with { try await KeyVaultClient($0).namedKeys() }
                    guard !known.contains(where: { $0.index == first.index }) else { throw ToolFailure("the vault has a key \(first.index) already: keys are not overwritten") }
                    console.text("\(first.kind.rawValue) key \(first.index) with check value \(first.keyCheckValue) could be loaded; nothing was stored")
                    console.object(["result": "ok"])
                    return .done
                }
                let loaded = try await command.target.with { try await KeyVaultClient($0).importNamedKey(request) }
                console.object(loaded)
                console.text("\(loaded.kind.rawValue) key \(loaded.index) of \(loaded.owner): \(8 * loaded.keyLength) bits, check value \(loaded.keyCheckValue)")
                return .done
            }
        }
    }
}
