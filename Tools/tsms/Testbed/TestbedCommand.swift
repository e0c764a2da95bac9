import ArgumentParser
import Foundation
import GlobalPlatform

/// `tsms testbed up|status|restart|down`.
struct TestbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testbed", abstract: "Two trust domains with all services on this machine.", discussion: ExitStatus.discussion,
        subcommands: [Up.self, Status.self, Restart.self, Down.self])

    struct Directory: ParsableArguments {
        @Option(help: ArgumentHelp("The testbed's directory.", valueName: "directory"))
        var dir: String
    }
}

extension TestbedCommand {
    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes both domains, starts and provisions everything, writes testbed.json.",
            discussion: "Stays in the foreground and stops everything on SIGINT or SIGTERM, unless --detach. " + ExitStatus.discussion
                + " JSON lines: {\"event\":\"ready\",\"service\":…} for each service, then the content of testbed.json.")

        @OptionGroup var directory: Directory
        @OptionGroup var output: OutputOptions
        @Flag(help: "Return when all is up; the services go on.") var detach = false
        @Flag(help: "Publish a service of the first service provider with the ticket and store applets.") var withDemoService = false
        @Flag(help: "Run an online service that takes the results of processes; those of the demo service go there.") var withSpos = false
        @Option(help: ArgumentHelp("Issuers: 1, or 2 for another one with an eUICC in handset-3.", valueName: "number")) var issuers = 1
        @Flag(help: "Cards draw their SCP03 challenges at random (i=60) instead of computing them (i=70).") var randomChallenges = false
        @Option(help: ArgumentHelp("Address or name under which other machines reach the gateways.", valueName: "address")) var listen = "127.0.0.1"
        @Option(help: ArgumentHelp("Where the services' programs are; default: beside this one.", valueName: "directory")) var bin: String?
        @Option(help: ArgumentHelp("Where the applets are; default: deploy/testbed/applets above this program.", valueName: "directory")) var applets: String?
        @Option(help: ArgumentHelp("Log level of the services.", valueName: "level")) var logLevel = "info"
        @Option(help: ArgumentHelp("Lease of processes and of the issuer's dialogs.", valueName: "seconds")) var lease = 60
        @Option(help: ArgumentHelp("Issuer identification number (tag 42) of the issuer's cards, hexadecimal: that of a real card which is to be registered.", valueName: "hex")) var iin: String?
        @Option(help: ArgumentHelp("Write the keys that the testbed makes to a file outside it.", valueName: "file", visibility: .hidden)) var revealKeys: String?

        func validate() throws {
            if ["0.0.0.0", "::", "*", ""].contains(listen) {
                throw ValidationError("--listen names the address that clients use; \(listen.isEmpty ? "an empty one" : listen) cannot stand in a URL")
            }
            if let iin { guard let bytes = try? Hex.decode(iin), (1...16).contains(bytes.count) else { throw ValidationError("--iin is 1 to 16 bytes in hexadecimal") } }
            guard (1...TestbedIssuer.maximum).contains(issuers) else { throw ValidationError("--issuers is a number from 1 to \(TestbedIssuer.maximum)") }
            guard lease > 0 else { throw ValidationError("--lease is a number of seconds above 0") }
        }

        func run() async throws {
            let command = self
            try await output.perform { console in
                var options = Testbed.Options(directory: command.directory.dir, binaries: try command.bin ?? Programs.ownDirectory())
                options.publicHost = command.listen
                options.randomChallenges = command.randomChallenges
                options.issuers = command.issuers
                options.logLevel = command.logLevel
                options.lease = command.lease
                options.withSPOS = command.withSpos
                if let iin = command.iin { options.issuerIdentificationNumber = try Hex.decode(iin) }
                options.revealedKeys = command.revealKeys
                if command.withDemoService { options.demoApplets = try Programs.applets(command.applets) }
                let testbed = try await Testbed.up(options, console: console)
                if console.json { console.object(testbed.description) } else { console.text(TestbedBlock.text(testbed.description)) }
                if command.detach { return .done }
                console.note("running; Ctrl-C stops everything")
                return await Self.watch(testbed, console)
            }
        }

        /// Until the task is cancelled or a service ends by itself; stops everything then.
        private static func watch(_ testbed: Testbed, _ console: Console) async -> ExitStatus {
            var fallen: StartedService?
            while fallen == nil {
                do { try await Task.sleep(for: .milliseconds(300)) } catch { break }
                // Taken down from elsewhere: then the services end one after the other, and that is no failure.
                guard FileManager.default.fileExists(atPath: testbed.description.layout.description) else { break }
                fallen = await testbed.launcher.fallen()
            }
            // `down` takes the description away before the first service.
            if fallen != nil, !FileManager.default.fileExists(atPath: testbed.description.layout.description) { fallen = nil }
            if let fallen { console.failure("\(fallen.definition.name) has ended by itself; everything else is stopped.\n\(Launcher.tail(fallen.definition.log))") }
            let description = testbed.description
            _ = await Interruption.shielded { await testbed.launcher.stopAll() }
            try? FileManager.default.removeItem(atPath: description.layout.description)
            return fallen == nil ? .done : .failed
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells of each process whether it runs and is ready.",
            discussion: "Exit code 0 when all are ready, else 1. JSON lines: {\"name\":…,\"pid\":…,\"running\":…,\"ready\":…,\"reason\":…}. " + ExitStatus.discussion)

        @OptionGroup var directory: Directory
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let directory = directory.dir
            try await output.perform { console in
                let description = try TestbedDescription.read(directory: directory)
                var allReady = true
                for process in description.processes {
                    let state = await TestbedControl.state(of: process, in: description)
                    allReady = allReady && state.ready
                    console.object(state)
                    console.text("\(process.name.padded(to: 20)) \(String(process.pid).padded(to: 8)) \(state.ready ? "ready" : state.reason ?? "not ready")")
                }
                return allReady ? .done : .failed
            }
        }
    }

    struct Down: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stops the processes of a testbed, last started first; its directory stays.",
            discussion: "JSON lines: {\"name\":…,\"pid\":…,\"end\":\"stopped|killed|wasGone\"}. " + ExitStatus.discussion)

        @OptionGroup var directory: Directory
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let directory = directory.dir
            try await output.perform { console in
                let description = try TestbedDescription.read(directory: directory)
                // First of all: whoever watches the services must not take their end for a failure.
                try? FileManager.default.removeItem(atPath: description.layout.description)
                var allEnded = true
                for process in description.processes.reversed() {
                    let end = await TestbedControl.stop(process)
                    allEnded = allEnded && !ProcessControl.isRunning(process.pid, withArgument: process.configuration)
                    console.object(TestbedControl.Stopped(name: process.name, pid: process.pid, end: end))
                    console.text("\(process.name.padded(to: 20)) \(end.rawValue)")
                }
                return allEnded ? .done : .failed
            }
        }
    }
}
