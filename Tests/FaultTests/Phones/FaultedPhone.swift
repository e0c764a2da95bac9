import Foundation
import Identity
import SecureComponent
import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import TrustedServiceModel

/// What a call came to, whichever result object it has.
struct Told: Sendable {
    var category: ErrorCategory
    var message: String
    var state: ServiceInstanceState?
    /// Of a creation.
    var instance: String?
    var processId = ""

    init(category: ErrorCategory, message: String) {
        self.category = category
        self.message = message
    }

    init(_ outcome: HandsetAPI.Outcome) {
        switch outcome {
        case .created(let result): self.init(result)
        case .instances(let result): self.init(category: result.executionStatus, message: result.executionMessage)
        case .deployed(let result), .updated(let result): self.init(result)
        case .suspendedOrResumed(let result): self.init(result.processInfo)
        case .terminated(let result): self.init(result.processInfo)
        case .deploymentAvailable(let result): self.init(category: result.executionStatus, message: result.executionMessage)
        case .updateAvailable(let result): self.init(category: result.executionStatus, message: result.executionMessage)
        }
    }

    init(_ result: CreateServiceInstanceResult) {
        self.init(category: result.executionStatus, message: result.executionMessage)
        instance = result.serviceInstance?.id
    }

    init(_ result: DeployServiceResult) {
        self.init(result.processInfo)
        state = result.serviceInstanceState
    }

    init(_ info: TrustedServiceModel.ProcessInfo) {
        self.init(category: info.executionStatus, message: info.executionMessage)
        processId = info.processId
    }
}

/// An SP app on a handset with one card, with one kind of agent or the other.
protocol FaultedPhone: Sendable {
    var transport: EngineTransport { get }
    func create() async -> Told
    func deploy(_ id: String, _ commands: [ServiceCommand], finalize: Bool) async -> Told
    func update(_ id: String) async -> Told
    func suspend(_ id: String, _ control: Bool) async -> Told
    func terminate(_ id: String) async -> Told
    func instances() async -> (told: Told, found: [ServiceInstance])
}

extension FaultedPhone {
    func deploy(_ id: String) async -> Told { await deploy(id, Handset.all, finalize: true) }
}

/// With the SDK, whose agent stops at an error.
struct SDKPhone: FaultedPhone {
    let transport: EngineTransport
    private let client: TSMClient

    /// - Parameter slot: where the card is; nil: in an ordinary one.
    init(_ bench: TSMBench, _ card: SimulatedCard, device: String, slot: (any CardConnector)? = nil) throws {
        transport = EngineTransport(bench: bench, caller: HandsetCaller(serviceProviderId: FixedCatalogue.provider, deviceAppId: FixedCatalogue.app, deviceKeyThumbprint: device))
        let readers = CardReaderService([slot ?? SimulatedCardConnector(name: "eSE1", card: card)], accessControl: AccessControl(deviceApp: try DeviceAppID(hex: FixedCatalogue.app)))
        client = TSMClient(
            configuration: TSMClientConfiguration(handsetURL: URL(string: "https://127.0.0.1:1/tsm-api/v1") ?? URL(filePath: "/"), serviceProviderId: FixedCatalogue.provider, deviceAppId: FixedCatalogue.app,
                                                  issuerSecurityDomains: [.issuerSecurityDomain], retries: 0),
            transport: transport, deviceKey: SoftwareTokenSigner(), secureComponents: readers)
    }

    func create() async -> Told { Told(await client.createServiceInstance(serviceId: FixedCatalogue.serviceId, version: "1.0.0")) }

    func deploy(_ id: String, _ commands: [ServiceCommand], finalize: Bool) async -> Told {
        Told(await client.deployService(serviceInstanceId: id, serviceCommands: commands, finalizeDeployment: finalize))
    }

    func update(_ id: String) async -> Told {
        Told(await client.updateService(serviceInstanceId: id, newVersion: FaultedCatalogue.nextVersion, serviceCommands: Handset.all, finalizeDeployment: true))
    }

    func suspend(_ id: String, _ control: Bool) async -> Told {
        Told(await client.suspendOrResumeService(serviceInstanceId: id, suspensionControl: control).processInfo)
    }

    func terminate(_ id: String) async -> Told { Told(await client.terminateService(serviceInstanceId: id).processInfo) }

    func instances() async -> (told: Told, found: [ServiceInstance]) {
        let result = await client.getServiceInstances(serviceId: FixedCatalogue.serviceId)
        return (Told(category: result.executionStatus, message: result.executionMessage), result.serviceInstances)
    }
}
