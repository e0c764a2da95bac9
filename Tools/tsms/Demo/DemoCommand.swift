import ArgumentParser
import Foundation

/// `tsms demo`: from nothing to a deployed applet and back.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "From nothing to a deployed, updated, suspended service and back, every hop real, every claim checked.",
        discussion: """
            Brings up a testbed with two issuers, publishes a service with two applets in two Versions through the gateway, and on a simulated embedded \
            secure element and on a simulated eUICC deploys it, updates it (the applet that is the same keeps its data), suspends, resumes and terminates it, \
            checks each result on the card, and takes everything down. \(ExitStatus.discussion) \
            The last line of --json is {"result":"ok","processId":…,"roundTrips":…,"milliseconds":…,"apdus":…,"steps":[{"name":…,"milliseconds":…}],"components":[…]}; \
            processId, roundTrips, milliseconds and apdus are those of deployService on the first component, components has each process of each component.
            """)

    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("Where to make the testbed; default: a temporary directory, removed afterwards.", valueName: "directory")) var dir: String?
    @Flag(help: "Leave the testbed running, and its directory in place.") var keep = false
    @Flag(help: "Cards draw their SCP03 challenges at random (i=60) instead of computing them (i=70).") var randomChallenges = false
    @Option(help: ArgumentHelp("Where the services' programs are; default: beside this one.", valueName: "directory")) var bin: String?
    @Option(help: ArgumentHelp("Where the applets are; default: deploy/testbed/applets above this program.", valueName: "directory")) var applets: String?

    func run() async throws {
        let command = self
        try await output.perform { console in
            let directory = command.dir ?? FileManager.default.temporaryDirectory.appendingPathComponent("tsms-demo-\(UUID().uuidString.lowercased())").path
            var options = Testbed.Options(directory: directory, binaries: try command.bin ?? Programs.ownDirectory())
            options.randomChallenges = command.randomChallenges
            options.issuers = TestbedIssuer.maximum
            // Requests between the services are noted at this level; the timeline is made of them.
            options.logLevel = "debug"
            let demo = Demo(options: options, applets: try Programs.applets(command.applets), keep: command.keep, isTemporary: command.dir == nil, console: console)
            let result = try await demo.run()
            console.object(result)
            return .done
        }
    }
}

/// The last line of `demo --json`.
struct DemoResult: Encodable, Sendable {
    var result = "ok"
    var processId: String
    /// Requests of the handset for deployService, the final report included.
    var roundTrips: Int
    /// Of deployService.
    var milliseconds: Double
    /// C-APDUs that the secure component got for deployService.
    var apdus: Int
    var steps: [StepRecorder.Step]
    var components: [LifeCycleRun.Outcome]
}
