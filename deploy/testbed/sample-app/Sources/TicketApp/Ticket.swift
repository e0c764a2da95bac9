import GlobalPlatform
import SecureComponent
import TSMAPI
import TrustedServiceModel

/// The life of a ticket on this phone, step by step. Each step tells what it does; the first that fails ends it.
struct Ticket {
    static let applet = "F054534D5301010101"
    static let everything: [ServiceCommand] = [.install(installationData: [:]), .personalize(personalizationData: [:]), .activate(suspensionControl: false)]

    let tsm: TSMClient
    let components: any SecureElementService
    let serviceId: String
    private let listener = ProgressPrinter()

    init(tsm: TSMClient, components: any SecureElementService, serviceId: String) {
        self.tsm = tsm
        self.components = components
        self.serviceId = serviceId
    }

    func live(versions: [String]) async throws {
        guard let first = versions.first else { throw AppFailure("the service has no version") }
        // What an earlier run left behind.
        for instance in try await instances() { try await terminate(instance.id) }

        print("is there something to deploy?")
        let available = await tsm.checkServiceDeploymentAvailable(serviceId: serviceId, version: "x.x.x")
        try require(available.executionStatus, available.executionMessage)
        guard available.deploymentAvailable == .deploymentAvailable else { throw AppFailure("no secure component of this phone can take the service") }
        print("  version \(available.version)")

        print("create \(first)")
        let created = await tsm.createServiceInstance(serviceId: serviceId, version: first)
        try require(created.executionStatus, created.executionMessage)
        guard let instance = created.serviceInstance else { throw AppFailure("the TSM told of no instance") }

        print("deploy")
        let deployed = await tsm.deployService(serviceInstanceId: instance.id, serviceCommands: Self.everything, finalizeDeployment: true, listener: listener)
        try require(deployed.processInfo)
        try await use(deployed.reader, expecting: first)

        print("is there something newer?")
        let update = await tsm.checkServiceUpdateAvailable(serviceInstanceId: instance.id, newVersion: "x.x.x")
        try require(update.executionStatus, update.executionMessage)
        if update.updateAvailable == .updateAvailable {
            print("update to \(update.newVersion)")
            let updated = await tsm.updateService(serviceInstanceId: instance.id, newVersion: update.newVersion, serviceCommands: Self.everything, finalizeDeployment: true, listener: listener)
            try require(updated.processInfo)
            try await use(updated.reader, expecting: update.newVersion)
        }
        for suspends in [true, false] {
            print(suspends ? "suspend" : "resume")
            let result = await tsm.suspendOrResumeService(serviceInstanceId: instance.id, suspensionControl: suspends, listener: listener)
            try require(result.processInfo)
            if suspends { try await expectLocked(deployed.reader) }
        }
        try await use(deployed.reader, expecting: update.updateAvailable == .updateAvailable ? update.newVersion : first)
        try await terminate(instance.id)
        guard try await instances().isEmpty else { throw AppFailure("the instance is still there") }
        print("done: nothing of the service is left")
    }

    private func instances() async throws -> [ServiceInstance] {
        let found = await tsm.getServiceInstances(serviceId: serviceId)
        try require(found.executionStatus, found.executionMessage)
        return found.serviceInstances
    }

    private func terminate(_ instance: String) async throws {
        print("terminate")
        try require(await tsm.terminateService(serviceInstanceId: instance, listener: listener).processInfo)
    }

    /// The app and its applet, without the TSM: through an OMAPI channel, under the access rule that the deployment wrote.
    private func use(_ reader: String, expecting version: String) async throws {
        let session = try await components.reader(named: reader).openSession()
        do {
            let channel = try await session.openLogicalChannel(try AID(hex: Self.applet))
            let answer = try await channel.transmit(CommandAPDU(cla: 0x80, ins: 0x30, p1: 0, p2: 0, expectedLength: 256))
            let told = answer.data.map(String.init).joined(separator: ".")
            print("  the applet answers \(answer.statusWord), version \(told)")
            guard answer.statusWord.isSuccess, version.hasPrefix(told) else { throw AppFailure("the applet says that it is version \(told), not \(version)") }
            await session.close()
        } catch {
            await session.close()
            throw error
        }
    }

    private func expectLocked(_ reader: String) async throws {
        let session = try await components.reader(named: reader).openSession()
        do {
            _ = try await session.openLogicalChannel(try AID(hex: Self.applet))
        } catch {
            await session.close()
            return print("  the applet cannot be selected: \(error)")
        }
        await session.close()
        throw AppFailure("the applet answers although it is suspended")
    }

    private func require(_ info: ProcessInfo) throws { try require(info.executionStatus, info.executionMessage) }

    private func require(_ status: ErrorCategory, _ message: String) throws {
        guard status == .noError else { throw AppFailure("category \(status.rawValue): \(message)") }
    }
}
