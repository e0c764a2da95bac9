import ArgumentParser
import HTTPTypes

/// `tsms operator list|show|add|set|remove`.
struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "The SP TSM's operator: who takes part, on which secure components, maintenance, and what runs.",
        discussion: """
            list, show, add, set and remove speak to the provider plane, the other verbs to the handset plane (docs/handset-operator-api.yaml). \
            Kinds: \(OperatorKind.allCases.map(\.rawValue).joined(separator: ", ")). Bodies are members as docs/operator-api.yaml has them, name=value: a value that is JSON \
            is taken as such, [a, b] as a list of texts, @file as a file's content (read as JSON where it is an object or list), all else as text; a dot in a name goes into an object. \
            Either --dir names a testbed, or --url, --ca, --certificate, --key and --expect say where the operator's listener of the plane is. \(ExitStatus.discussion)
            """,
        subcommands: [List.self, Show.self, Add.self, Set.self, Remove.self, Processes.self, Instances.self, Components.self, KeySets.self, Results.self, Actions.self])

    struct Target: ParsableArguments {
        @Option(help: ArgumentHelp("Service provider (for removal: profile) that it belongs to.", valueName: "id")) var of: String?
        @OptionGroup var plane: PlaneOptions

        /// Calls the provider plane, and prints what is answered.
        func call(_ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]? = nil) async throws { try await plane.call(.provider, method, path, body) }
    }
}

extension OperatorCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All of a kind: service-providers, tokens, token-issuers, device-integrity, issuers, profiles, notices, lockouts, maintenance.")
        @Argument(help: ArgumentHelp("What.", valueName: "kind")) var kind: OperatorKind
        @OptionGroup var target: Target

        func run() async throws { try await target.call(.get, try kind.path(of: target.of)) }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One of service-providers, token-issuers, issuers or profiles.")
        @Argument(help: ArgumentHelp("What.", valueName: "kind")) var kind: OperatorKind
        @Argument(help: ArgumentHelp("Which.", valueName: "id")) var id: String
        @OptionGroup var target: Target

        func run() async throws { try await target.call(.get, try kind.path(of: target.of, id)) }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Adds a service provider, token, token issuer, device app, key index, AID prefix, issuer or profile.")
        @Argument(help: ArgumentHelp("What.", valueName: "kind")) var kind: OperatorKind
        @Argument(help: ArgumentHelp("Members of the body.", valueName: "name=value")) var members: [BodyMember]
        @OptionGroup var target: Target

        func run() async throws { try await target.call(.post, try kind.path(of: target.of), try OperatorBody.bytes(members)) }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Changes a service provider's name or client certificate, a token issuer, its integrity service's keys, an issuer, a profile's removal, or maintenance.")
        @Argument(help: ArgumentHelp("What.", valueName: "kind")) var kind: OperatorKind
        @Option(help: ArgumentHelp("Which, of service-providers, token-issuers and issuers.", valueName: "id")) var id: String?
        @Argument(help: ArgumentHelp("Members of the body.", valueName: "name=value")) var members: [BodyMember] = []
        @OptionGroup var target: Target

        func run() async throws {
            let path = try id.map { try kind.path(of: target.of, $0) } ?? kind.path(of: target.of)
            try await target.call(.put, path, try OperatorBody.bytes(members))
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes or revokes one; refused while it is used.",
            discussion: "A profile goes only after notice: first `set removal --of PROFILE effective=…`. `remove removal --of PROFILE` withdraws the notice.")
        @Argument(help: ArgumentHelp("What.", valueName: "kind")) var kind: OperatorKind
        @Argument(help: ArgumentHelp("Which.", valueName: "id")) var id: String?
        @OptionGroup var target: Target

        func run() async throws {
            guard let id else {
                guard kind == .removal || kind == .deviceIntegrity else { throw ValidationError("which of the \(kind.rawValue)?") }
                return try await target.call(.delete, try kind.path(of: target.of))
            }
            try await target.call(.delete, try kind.path(of: target.of, id))
        }
    }
}
