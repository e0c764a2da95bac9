import ArgumentParser
import HTTPTypes
import ServiceKit

/// What runs in the handset plane: `tsms operator processes|instances|components|key-sets|results|actions`.
extension OperatorCommand {
    /// Parts of lists, and what to look for.
    struct PartOptions: ParsableArguments {
        @Option(name: .customLong("filter"), help: ArgumentHelp("What to look for; may be given several times.", valueName: "name=value")) var filters: [BodyMember] = []
        @Option(help: ArgumentHelp("How many, 200 at most.", valueName: "number")) var limit: Int?
        @Option(help: ArgumentHelp("`next` of the part before.", valueName: "next")) var after: String?

        func path(_ collection: String) -> String {
            let parameters = filters.map { ($0.name, $0.value) } + [("limit", limit.map(String.init)), ("after", after)].compactMap { name, value in value.map { (name, $0) } }
            return collection + (parameters.isEmpty ? "" : "?" + parameters.map { "\($0)=\(JSONClient.segment($1))" }.joined(separator: "&"))
        }
    }

    /// Verbs that name one thing and say why.
    struct ReasonOptions: ParsableArguments {
        @Option(help: ArgumentHelp("Why, at most 150 characters; who is refused because of it gets to read it.", valueName: "text")) var reason: String

        func body(_ member: String) throws -> [UInt8] { try WireJSON.encode([member: reason]) }
    }

    private static func one(_ collection: String, _ id: String, _ more: String = "") -> String { "\(collection)/\(JSONClient.segment(id))\(more)" }

    struct Processes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Processes on service instances: list, show with its timeline, end.", subcommands: [List.self, Show.self, End.self])

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "The newest first. Filters: state=running|ended, serviceProvider, service, instance, component.")
            @OptionGroup var part: PartOptions
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .get, part.path("/processes")) }
        }

        struct Show: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "One process: stage, lease, orders, reports, and what happened when.")
            @Argument(help: ArgumentHelp("Which.", valueName: "id")) var id: String
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .get, one("/processes", id)) }
        }

        struct End: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Ends one that is stuck, with category 6; the next process reads first what the secure component holds.")
            @Argument(help: ArgumentHelp("Which.", valueName: "id")) var id: String
            @OptionGroup var reason: ReasonOptions
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .post, one("/processes", id, "/end"), try reason.body("reason")) }
        }
    }

    struct Instances: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Service instances: list, show, quarantine, lift.", subcommands: [List.self, Show.self, Quarantine.self, Lift.self])

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "The newest first. Filters: state (such as InError), quarantined=true|false, serviceProvider, service, component.")
            @OptionGroup var part: PartOptions
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .get, part.path("/instances")) }
        }

        struct Show: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "One instance, with its key sets as the key vault has them and its newest processes.")
            @Argument(help: ArgumentHelp("Which.", valueName: "id")) var id: String
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .get, one("/instances", id)) }
        }

        struct Quarantine: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Closes one: no process begins on it (category 13).")
            @Argument(help: ArgumentHelp("Which.", valueName: "id")) var id: String
            @OptionGroup var reason: ReasonOptions
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .put, one("/instances", id, "/quarantine"), try reason.body("message")) }
        }

        struct Lift: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Opens one again.")
            @Argument(help: ArgumentHelp("Which.", valueName: "id")) var id: String
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .delete, one("/instances", id, "/quarantine")) }
        }
    }

    struct Components: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Secure components that have proven themselves: list, show, quarantine, lift.", subcommands: [List.self, Show.self, Quarantine.self, Lift.self])

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "The newest first. Filters: claim (IIN/CIN), quarantined=true|false.")
            @OptionGroup var part: PartOptions
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .get, part.path("/components")) }
        }

        struct Show: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "One secure component with its instances.")
            @Argument(help: ArgumentHelp("Which, issuer/component.", valueName: "id")) var id: String
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .get, one("/components", id)) }
        }

        struct Quarantine: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Closes one: nothing new is deployed to it (category 8), no process begins on its instances (13).")
            @Argument(help: ArgumentHelp("Which, issuer/component.", valueName: "id")) var id: String
            @OptionGroup var reason: ReasonOptions
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .put, one("/components", id, "/quarantine"), try reason.body("message")) }
        }

        struct Lift: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Opens one again.")
            @Argument(help: ArgumentHelp("Which, issuer/component.", valueName: "id")) var id: String
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .delete, one("/components", id, "/quarantine")) }
        }
    }

    struct KeySets: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "key-sets", abstract: "Key sets of instances: release.", subcommands: [Release.self])

        struct Release: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Lets authentications with a key set begin anew; `instances show` names key sets and counters.")
            @Argument(help: ArgumentHelp("Which.", valueName: "id")) var id: String
            @OptionGroup var reason: ReasonOptions
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .post, one("/key-sets", id, "/authentication-release"), try reason.body("reason")) }
        }
    }

    struct Results: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Results for service providers' online services: list, resend.", subcommands: [List.self, Resend.self])

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "The oldest first. Filter: state=waiting|delivered|dead (default).")
            @OptionGroup var part: PartOptions
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .get, part.path("/results")) }
        }

        struct Resend: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Sends again what was given up: one, or all.")
            @Argument(help: ArgumentHelp("Which; without it all.", valueName: "id")) var id: String?
            @OptionGroup var plane: PlaneOptions
            func run() async throws { try await plane.call(.handset, .post, "/results/resend", try WireJSON.encode(id.map { ["id": $0] } ?? [:])) }
        }
    }

    struct Actions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What operators did to processes, instances, components and key sets, the newest first.")
        @OptionGroup var part: PartOptions
        @OptionGroup var plane: PlaneOptions
        func run() async throws { try await plane.call(.handset, .get, part.path("/actions")) }
    }
}
