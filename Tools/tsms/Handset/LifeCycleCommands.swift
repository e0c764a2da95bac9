import ArgumentParser
import TrustedServiceModel
import TSMAPI

/// What is done to an instance that is deployed, and the checks before a deployment or an update.
extension HandsetCommand {
    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "updateService (TR-03165 4.2.5.4).")
        @OptionGroup var target: Target
        @Argument(help: ArgumentHelp("ID of the ServiceInstance.", valueName: "instance")) var instance: String
        @Argument(help: ArgumentHelp("Tag of the new Version.", valueName: "version")) var version: String
        @OptionGroup var options: ServiceCommandOptions

        func run() async throws {
            let (instance, version, commands, finalize) = (instance, version, try options.serviceCommands(), options.finalize)
            try await target.runProcess("updateService") { client, listener in
                await client.updateService(serviceInstanceId: instance, newVersion: version, serviceCommands: commands, finalizeDeployment: finalize, listener: listener)
            }
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "suspendOrResumeService with suspensionControl true (TR-03165 4.2.5.5).")
        @OptionGroup var target: Target
        @Argument(help: ArgumentHelp("ID of the ServiceInstance.", valueName: "instance")) var instance: String

        func run() async throws { try await target.suspendOrResume(instance, suspend: true) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "suspendOrResumeService with suspensionControl false (TR-03165 4.2.5.5).")
        @OptionGroup var target: Target
        @Argument(help: ArgumentHelp("ID of the ServiceInstance.", valueName: "instance")) var instance: String

        func run() async throws { try await target.suspendOrResume(instance, suspend: false) }
    }

    struct CheckDeployment: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "checkServiceDeploymentAvailable (TR-03165 4.2.5.7).")
        @OptionGroup var target: Target
        @Argument(help: ArgumentHelp("ID of the Service.", valueName: "service")) var service: String
        @Argument(help: ArgumentHelp("Tag of a Version, or a pattern: a.b.x, a.x.x, x.x.x.", valueName: "pattern")) var pattern: String

        func run() async throws {
            let (service, pattern) = (service, pattern)
            try await target.perform { handset, console in
                let result = await handset.client.checkServiceDeploymentAvailable(serviceId: service, version: pattern)
                console.result(result)
                return result.executionStatus.exit
            }
        }
    }

    struct CheckUpdate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "checkServiceUpdateAvailable (TR-03165 4.2.5.8).")
        @OptionGroup var target: Target
        @Argument(help: ArgumentHelp("ID of the ServiceInstance.", valueName: "instance")) var instance: String
        @Argument(help: ArgumentHelp("Tag of a Version, or a pattern: a.b.x, a.x.x, x.x.x.", valueName: "pattern")) var pattern: String

        func run() async throws {
            let (instance, pattern) = (instance, pattern)
            try await target.perform { handset, console in
                let result = await handset.client.checkServiceUpdateAvailable(serviceInstanceId: instance, newVersion: pattern)
                console.result(result)
                return result.executionStatus.exit
            }
        }
    }
}

extension HandsetCommand.Target {
    fileprivate func suspendOrResume(_ instance: String, suspend: Bool) async throws {
        try await runProcess(suspend ? "suspendService" : "resumeService") { client, listener in
            await client.suspendOrResumeService(serviceInstanceId: instance, suspensionControl: suspend, listener: listener)
        }
    }
}
