import ArgumentParser
import Foundation
import Identity
import ServiceKit

/// `tsms provider apply|get|delete|export|check-script`.
struct ProviderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provider", abstract: "What a service provider has at the TSM (TR-03165 4.1), as a file or piece by piece.",
        discussion: """
            apply makes what is there what the file says and touches nothing else; running it again changes nothing. Either --dir names a testbed, or \
            --url, --ca and --token-file (and --certificate and --key where one is bound) say where the TSM is and who is asking. \(ExitStatus.discussion)
            """,
        subcommands: [Apply.self, Get.self, Delete.self, Export.self, CheckScript.self])

    struct Target: ParsableArguments {
        @Option(help: ArgumentHelp("A testbed's directory.", valueName: "directory")) var dir: String?
        @Option(help: ArgumentHelp("Number of the service provider in testbed.json, from 1.", valueName: "number")) var serviceProvider = 1
        @Option(help: ArgumentHelp("Base path of the REST API, https://…/sptsm/1.0.", valueName: "url")) var url: String?
        @Option(help: ArgumentHelp("PEM of the CA of the gateway's certificate.", valueName: "file")) var ca: String?
        @Option(help: ArgumentHelp("File with the long-term token.", valueName: "file")) var tokenFile: String?
        @Option(help: ArgumentHelp("Client certificate, PEM.", valueName: "file")) var certificate: String?
        @Option(help: ArgumentHelp("Key of the client certificate, PEM.", valueName: "file")) var key: String?
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard serviceProvider >= 1 else { throw ValidationError("--service-provider is a number from 1") }
        }

        func access() throws -> ProviderClient.Access {
            if let dir {
                let testbed = try TestbedDescription.read(directory: dir)
                guard testbed.serviceProviders.indices.contains(serviceProvider - 1) else { throw ToolFailure("the testbed has \(testbed.serviceProviders.count) service providers, not \(serviceProvider)") }
                let provider = testbed.serviceProviders[serviceProvider - 1]
                return .init(url: testbed.gateway.providerURL, trustAnchors: testbed.gateway.ca, longTermToken: provider.longTermToken, clientCertificate: provider.clientCertificate, clientKey: provider.clientKey)
            }
            guard let url, let ca, let tokenFile else { throw ToolFailure("either --dir, or --url, --ca and --token-file") }
            guard (certificate == nil) == (key == nil) else { throw ToolFailure("--certificate and --key belong together") }
            let token = String(decoding: try Programs.read(tokenFile), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            return .init(url: url, trustAnchors: ca, longTermToken: token, clientCertificate: certificate, clientKey: key)
        }

        /// Signs in, does the work, and closes whatever comes of it.
        func perform(_ work: @escaping @Sendable (ProviderClient, Console) async throws -> Void) async throws {
            let target = self
            try await output.perform { console in
                let client = try await ProviderClient.signIn(try target.access())
                do {
                    try await work(client, console)
                    await client.close()
                    return .done
                } catch {
                    await client.close()
                    throw error
                }
            }
        }
    }
}

extension ProviderCommand {
    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes what is at the TSM what the file says.",
            discussion: "Shows the plan, then does it. JSON lines: {\"action\":\"keep|create|change|publish\",\"kind\":…,\"name\":…,\"remark\":…} for each step done, then {\"result\":\"ok\",\"changes\":…}.")
        @Option(name: [.short, .long], help: ArgumentHelp("The file.", valueName: "file")) var file: String
        @Flag(help: "Show the plan and do nothing.") var plan = false
        @OptionGroup var target: Target

        func run() async throws {
            let (path, onlyPlan) = (file, plan)
            try await target.perform { client, console in
                let file = try ServiceFile.read(path)
                let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
                var planning = try await Reconciliation(file: file, directory: directory, client: client, mode: .plan)
                let steps = try await planning.run()
                let due = steps.filter { $0.action != .keep }
                for step in onlyPlan ? steps : [] { console.object(step) }
                for step in due { console.text(Self.line(step)) }
                console.text(due.isEmpty ? "nothing to do, \(steps.count) things are as the file says" : "\(due.count) of \(steps.count) to do")
                var done = 0
                if !onlyPlan, !due.isEmpty {
                    var performing = try await Reconciliation(file: file, directory: directory, client: client, mode: .perform) { step in
                        guard step.action != .keep else { return }
                        console.object(step)
                        console.text("✓ " + Self.line(step))
                    }
                    done = try await performing.run().filter { $0.action != .keep }.count
                }
                console.object(Outcome(changes: onlyPlan ? due.count : done))
            }
        }

        private struct Outcome: Encodable {
            var result = "ok"
            var changes: Int
        }

        private static func line(_ step: Reconciliation.Step) -> String {
            "\(step.action.rawValue.padded(to: 8)) \(step.kind.padded(to: 18)) \(step.name)" + (step.remark.isEmpty ? "" : "  (\(step.remark))")
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints what is there, as the TSM answers it.")
        @Argument(help: ArgumentHelp(EntityKind.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "kind")) var kind: EntityKind
        @Argument(help: ArgumentHelp("One of them; a tag for a Version.", valueName: "id")) var id: String?
        @Option(help: ArgumentHelp("ID of the Service, for Flavors and Versions.", valueName: "id")) var service: String?
        @OptionGroup var target: Target

        func run() async throws {
            let path = try kind.path(service: service) + (id.map { "/" + ProviderClient.segment($0) } ?? "")
            try await target.perform { client, console in
                try console.answer(try await client.raw(.get, path))
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Deletes one thing; the TSM refuses while it is used.")
        @Argument(help: ArgumentHelp("services, flavors, versions, load-files, application-configs, scripts, certificates, spos-configs.", valueName: "kind")) var kind: EntityKind
        @Argument(help: ArgumentHelp("A tag for a Version.", valueName: "id")) var id: String
        @Option(help: ArgumentHelp("ID of the Service, for Flavors and Versions.", valueName: "id")) var service: String?
        @OptionGroup var target: Target

        func run() async throws {
            let path = try kind.path(service: service) + "/" + ProviderClient.segment(id)
            try await target.perform { client, console in
                try await client.delete(path)
                console.object(["result": "ok"])
                console.text("deleted")
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Writes what is there as a file that apply takes, the uploaded files beside it; overwrites nothing.")
        @Option(help: ArgumentHelp("Name of a Service; default: everything.", valueName: "name")) var service: String?
        @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file")) var file: String
        @OptionGroup var target: Target

        func run() async throws {
            let (path, service) = (file, service)
            try await target.perform { client, console in
                let export = ServiceExport(client: client, catalogue: try await ProviderCatalogue.read(client), path: path)
                try AtomicFile.create(try await export.run(service: service).yaml.document.utf8, at: path, mode: AtomicFile.publicMode)
                console.object(["result": "ok", "file": path])
                console.text("written to \(path)")
            }
        }
    }
}
