import ArgumentParser
import Foundation
import GlobalPlatform
import KeyVaultAPI
import ServiceKit

/// `tsms vault audit …`
struct AuditLogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The audit log: verify a copy, export it, anchor it.", discussion: ExitStatus.discussion,
        subcommands: [Verify.self, Export.self, Anchor.self])

    /// Where the log is, without a running vault.
    struct Source: ParsableArguments {
        @Option(help: ArgumentHelp("Directory of a vault's store, or its store.sqlite; it is only read.", valueName: "path")) var store: String?
        @Option(help: ArgumentHelp("An export.", valueName: "file")) var export: String?

        func validate() throws {
            guard (store == nil) != (export == nil) else { throw ValidationError("one of --store and --export is needed") }
        }

        var copy: AuditCopy { store.map { .store($0) } ?? .export(export ?? "") }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Walks along the hash chain of a store or an export and names the first line that is not as it was written.",
            discussion: """
                Deleted, altered and reordered lines show by themselves; that lines were cut off at the end, or the whole log written anew, only with --anchor. \
                With --json {"intactLines":…,"brokenAt":…,"reason":…,"head":…}. \(ExitStatus.discussion)
                """)
        @OptionGroup var source: Source
        @Option(help: ArgumentHelp("An anchor that was kept elsewhere; may be repeated.", valueName: "file")) var anchor: [String] = []
        @Option(name: .customLong("anchor-key"), help: ArgumentHelp("SubjectPublicKeyInfo (DER) that the anchors must be signed with; default: the key in each anchor.", valueName: "file"))
        var anchorKey: String?
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let command = self
            try await output.perform { console in
                let trusted = try command.anchorKey.map { try AuditLogCommand.contents($0) }
                let anchors = try command.anchor.map { path in
                    let anchor: AuditAnchor
                    do {
                        anchor = try JSONDecoder().decode(AuditAnchor.self, from: Data(try AuditLogCommand.contents(path)))
                    } catch let error as DecodingError {
                        throw ToolFailure("\(path) is no anchor: \(WireJSON.place(of: error))")
                    }
                    guard try anchor.isSigned(by: trusted) else { throw ToolFailure("\(path): the anchor's signature is wrong") }
                    if trusted == nil { console.note("\(path): signed by key \(anchor.key.keyId); compare it with the one that was published") }
                    return anchor
                }
                let verdict: AuditChainVerdict
                do {
                    verdict = try command.source.copy.verify(anchors: anchors)
                } catch let error as KeyVaultError {
                    throw ToolFailure(error.reason)
                }
                console.object(verdict)
                guard let line = verdict.brokenAt else {
                    console.text("\(verdict.intactLines) lines, all as they were written\(anchors.isEmpty ? "" : ", \(anchors.count) anchors hold"); head \(verdict.head)")
                    return .done
                }
                console.text("line \(line): \(verdict.reason ?? "not as it was written"); the \(verdict.intactLines) lines before are intact")
                return .failed
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the log as JSON lines to standard output, from a store or from a running vault.",
            discussion: "Nothing is checked: `audit verify --export` does that.")
        @Option(help: ArgumentHelp("Directory of a vault's store, or its store.sqlite; else a running vault is asked.", valueName: "path")) var store: String?
        @Option(help: ArgumentHelp("Only lines after this number.", valueName: "number")) var after: Int64 = 0
        @OptionGroup var running: OptionalTarget
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let command = self
            try await output.perform { _ in
                let line = { @Sendable (record: AuditRecord) throws in
                    Console.write(try AuditLogCommand.json(record) + "\n", to: STDOUT_FILENO)
                }
                if let store = command.store {
                    do {
                        try AuditCopy.store(store).forEach { if $0.sequence > command.after { try line($0) } }
                    } catch let error as KeyVaultError {
                        throw ToolFailure(error.reason)
                    }
                    return .done
                }
                try await command.running.connection().with { client in
                    var last = command.after
                    while true {
                        let page = try await client.call(.get, "\(KeyVaultPaths.audit)?after=\(last)&limit=1000", as: [AuditRecord].self)
                        guard let end = page.last else { return }
                        try page.forEach(line)
                        last = end.sequence
                    }
                }
                return .done
            }
        }
    }

    struct Anchor: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has the vault sign the end of its log: one JSON object, to be kept where the vault's operators cannot change it.")
        @OptionGroup var target: VaultCommand.Target
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let target = target
            try await output.perform { console in
                let anchor = try await target.with { try await $0.call(.get, KeyVaultPaths.auditAnchor, as: AuditAnchor.self) }
                Console.write(try AuditLogCommand.json(anchor) + "\n", to: STDOUT_FILENO)
                return .done
            }
        }
    }

    /// The same bytes for the same record, whoever exports it.
    static func json(_ value: some Encodable) throws -> String {
        let encoder = WireJSON.encoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func contents(_ path: String) throws(ToolFailure) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else { throw ToolFailure("\(path) cannot be read") }
        return [UInt8](data)
    }

    /// A running vault, where a store would do as well.
    struct OptionalTarget: ParsableArguments {
        @Option(help: ArgumentHelp("Base path of a running vault, https://…/vault/v1.", valueName: "url")) var url: String?
        @Option(help: ArgumentHelp("PEM of the CA of the vault's certificate.", valueName: "file")) var ca: String?
        @Option(help: ArgumentHelp("Your certificate, PEM.", valueName: "file")) var certificate: String?
        @Option(help: ArgumentHelp("Key of the certificate, PEM.", valueName: "file")) var key: String?
        @Option(help: ArgumentHelp("SPIFFE ID of the vault.", valueName: "identity")) var expect: String?

        func connection() throws(ToolFailure) -> VaultConnection {
            guard let url, let ca, let certificate, let key, let expect else { throw ToolFailure("either --store, or --url, --ca, --certificate, --key and --expect") }
            return VaultConnection(url: url, ca: ca, certificate: certificate, key: key, expect: expect)
        }
    }
}
