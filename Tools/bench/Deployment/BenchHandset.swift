import Foundation
import GlobalPlatform
import Identity
import SecureComponent
import SecureComponentSimulator
import TrustedServiceModel
import TSMAPI

/// An SP app on a handset with one simulated component in memory: the SDK, a device key of its own, a connection that it may share.
struct BenchHandset: Sendable {
    private let client: TSMClient
    let card: SimulatedCard
    private let reader: SimulatorReader

    static let commands: [ServiceCommand] = [.install(installationData: [:]), .personalize(personalizationData: [:]), .activate(suspensionControl: false)]

    init(_ card: SimulatedCard, in testbed: TestbedFile, transport: any BackendTransport) throws {
        guard let provider = testbed.serviceProviders.first, let app = provider.apps.first, let url = URL(string: testbed.gateway.handsetURL) else {
            throw BenchFailure("the testbed has no app or no gateway")
        }
        self.card = card
        reader = SimulatorReader(name: "eSE1", card: card, accessControl: AccessControl(deviceApp: try DeviceAppID(hex: app.deviceAppId)))
        client = TSMClient(
            configuration: TSMClientConfiguration(handsetURL: url, serviceProviderId: provider.id, deviceAppId: app.deviceAppId, issuerSecurityDomains: [.issuerSecurityDomain]),
            transport: transport, deviceKey: SoftwareTokenSigner(), secureComponents: SimulatorService([reader]))
    }

    /// - Returns: the new instance's ID.
    func create(_ service: PublishedService) async throws -> String {
        let result = await client.createServiceInstance(serviceId: service.id, version: PublishedService.version)
        guard result.executionStatus == .noError, let instance = result.serviceInstance else { throw BenchFailure("createServiceInstance: \(result.executionMessage)") }
        return instance.id
    }

    /// All of it, up to OPERATIONAL.
    func deploy(_ instance: String) async throws {
        let result = await client.deployService(serviceInstanceId: instance, serviceCommands: Self.commands, finalizeDeployment: true)
        guard result.processInfo.executionStatus == .noError, result.serviceInstanceState == .operational else {
            throw BenchFailure("deployService ended in state \(result.serviceInstanceState.representation): \(result.processInfo.executionMessage)")
        }
    }

    func terminate(_ instance: String) async throws {
        let result = await client.terminateService(serviceInstanceId: instance)
        guard result.processInfo.executionStatus == .noError else { throw BenchFailure("terminateService: \(result.processInfo.executionMessage)") }
    }

    /// Whether an application is on the card, from the card's memory and not through its interface.
    func holds(_ aid: AID) -> Bool { card.image.registry.contains { $0.aid == aid } }

    func close() async { await reader.closeSessions() }
}
