import ArgumentParser
import Foundation
import GlobalPlatform
import TrustedServiceModel
import TSMAPI

/// `tsms handset --dir DIR --handset NAME VERB …`.
struct HandsetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handset", abstract: "Calls the TSM-API as an app on a simulated handset of the testbed, with its simulated cards or the card in a PC/SC reader.",
        discussion: "Prints the TR's result object as JSON (TR-03165 4.2.3). Exit code 0 when its executionStatus is 0, else 3. " + ExitStatus.discussion
            + " With --json deploy, update, suspend, resume and terminate also write a line {\"event\":\"processStart|processProgress\",…} for each call of the listener.",
        subcommands: [Instances.self, Create.self, Deploy.self, Update.self, Suspend.self, Resume.self, Terminate.self, CheckDeployment.self, CheckUpdate.self, Transmit.self])

    // May stand before or after the verb: the verbs share what is parsed here.
    @OptionGroup var target: Target

    struct Target: ParsableArguments {
        @Option(help: ArgumentHelp("The testbed's directory.", valueName: "directory")) var dir: String
        @Option(help: ArgumentHelp("A handset of testbed.json.", valueName: "name")) var handset = "handset-1"
        @Option(help: ArgumentHelp("One of the handset's readers, or a PC/SC reader of this machine; default: all of the handset's.", valueName: "reader")) var reader: String?
        @Option(help: ArgumentHelp("AID of the Issuer Security Domain of the card in a PC/SC reader.", valueName: "aid")) var isd = AID.issuerSecurityDomain.description
        @Flag(help: "Use a card in a PC/SC reader that has no access rules at all; without this it is refused, as on a handset.") var withoutRules = false
        @Option(help: ArgumentHelp("Write the dialog with the card in a PC/SC reader into a transcript.", valueName: "file")) var record: String?
        @Option(help: ArgumentHelp("Whose app is calling: number of the service provider in testbed.json, from 1.", valueName: "number")) var serviceProvider = 1
        @OptionGroup var output: OutputOptions

        /// Where the secure component is.
        private func choice(_ testbed: TestbedDescription) throws -> HandsetReaders {
            guard let reader else { return .simulated }
            let handset = testbed.handsets.first { $0.name == self.handset }
            if handset?.secureComponents.contains(where: { $0.reader == reader }) == true { return .simulated }
            return .pcsc(.init(reader: reader, issuerSecurityDomain: try AID(hex: isd), allowsWithoutRules: withoutRules, transcript: record))
        }

        func validate() throws {
            guard serviceProvider >= 1 else { throw ValidationError("--service-provider is a number from 1") }
            do { _ = try AID(hex: isd) } catch { throw ValidationError("--isd: \(error)") }
            if record != nil, reader == nil { throw ValidationError("--record goes with --reader: what goes to a simulated card is in its trace") }
        }

        /// Opens the handset, does the work, and closes it whatever comes of it.
        func perform(_ work: @escaping @Sendable (SimulatedHandset, Console) async throws -> ExitStatus) async throws {
            let target = self
            try await output.perform { console in
                let testbed = try TestbedDescription.read(directory: target.dir)
                guard testbed.serviceProviders.indices.contains(target.serviceProvider - 1) else {
                    throw ToolFailure("the testbed has \(testbed.serviceProviders.count) service providers, not \(target.serviceProvider)")
                }
                let handset = try await SimulatedHandset(target.handset, in: testbed, serviceProvider: testbed.serviceProviders[target.serviceProvider - 1],
                                                         readers: try target.choice(testbed))
                do {
                    let status = try await work(handset, console)
                    await handset.close()
                    try handset.checkRecord()
                    return status
                } catch {
                    await handset.close()
                    throw error
                }
            }
        }
    }
}

extension HandsetCommand.Target {
    /// Runs a process, shows its progress, and prints its result.
    func runProcess<Result: ProcessResultObject>(_ label: String, _ call: @escaping @Sendable (TSMClient, ProgressBar) async -> Result) async throws {
        try await perform { handset, console in
            let bar = ProgressBar(label: label, console: console)
            let result = await call(handset.client, bar)
            bar.finish()
            console.result(result)
            return result.processInfo.executionStatus.exit
        }
    }
}

/// The TR's result objects of processes.
protocol ProcessResultObject: Encodable, Sendable {
    var processInfo: TrustedServiceModel.ProcessInfo { get }
}

extension DeployServiceResult: ProcessResultObject {}
extension SuspendOrResumeResult: ProcessResultObject {}
extension TerminateServiceResult: ProcessResultObject {}

extension ErrorCategory {
    var exit: ExitStatus { self == .noError ? .done : .refused }
}

extension HandsetCommand {
    struct Instances: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "getServiceInstances (TR-03165 4.2.5.2).")
        @OptionGroup var target: Target
        @Argument(help: ArgumentHelp("ID of the Service.", valueName: "service")) var service: String

        func run() async throws {
            let service = service
            try await target.perform { handset, console in
                let result = await handset.client.getServiceInstances(serviceId: service)
                console.result(result)
                return result.executionStatus.exit
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "createServiceInstance (TR-03165 4.2.5.1).")
        @OptionGroup var target: Target
        @Argument(help: ArgumentHelp("ID of the Service.", valueName: "service")) var service: String
        @Argument(help: ArgumentHelp("Tag of the Version.", valueName: "version")) var version: String

        func run() async throws {
            let (service, version) = (service, version)
            try await target.perform { handset, console in
                let result = await handset.client.createServiceInstance(serviceId: service, version: version)
                console.result(result)
                return result.executionStatus.exit
            }
        }
    }

    struct Deploy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "deployService (TR-03165 4.2.5.3).")
        @OptionGroup var target: Target
        @Argument(help: ArgumentHelp("ID of the ServiceInstance.", valueName: "instance")) var instance: String
        @OptionGroup var options: ServiceCommandOptions

        func run() async throws {
            let (instance, commands, finalize) = (instance, try options.serviceCommands(), options.finalize)
            try await target.runProcess("deployService") { client, listener in
                await client.deployService(serviceInstanceId: instance, serviceCommands: commands, finalizeDeployment: finalize, listener: listener)
            }
        }
    }

    struct Terminate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "terminateService (TR-03165 4.2.5.6).")
        @OptionGroup var target: Target
        @Argument(help: ArgumentHelp("ID of the ServiceInstance.", valueName: "instance")) var instance: String

        func run() async throws {
            let instance = instance
            try await target.runProcess("terminateService") { client, listener in
                await client.terminateService(serviceInstanceId: instance, listener: listener)
            }
        }
    }
}
