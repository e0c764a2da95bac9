import Foundation
import GlobalPlatform
import Identity
import Logging
import SecureComponent
import SecureComponentSimulator
import Synchronization
import Testing
import TSMAPI
import TrustedServiceModel

/// An SP app on a handset of the testbed: the SDK over real HTTP/2, a simulated card, a device key of its own.
final class TestHandset: Sendable {
    static let allCommands: [ServiceCommand] = [.install(installationData: [:]), .personalize(personalizationData: [:]), .activate(suspensionControl: false)]

    let client: TSMClient
    let transport: ObservedTransport
    let card: SimulatedCard
    let deviceKey: SoftwareTokenSigner
    let readers: SimulatorService
    private let backend: HTTP2BackendTransport

    /// - Parameters:
    ///   - number: of the handset in testbed.json, from 0.
    ///   - card: in place of the handset's own.
    ///   - isEmpty: there is no component in the reader.
    ///   - before, after: further components, listed before and after the handset's own.
    init(_ testbed: RunningTestbed, _ number: Int = 0, serviceProvider: Int = 0, card given: SimulatedCard? = nil, isEmpty: Bool = false,
         before: [(reader: String, card: SimulatedCard)] = [], after: [(reader: String, card: SimulatedCard)] = []) throws {
        let file = testbed.file
        let handset = file.handsets[number]
        let component = try #require(handset.secureComponents.first)
        let provider = file.serviceProviders[serviceProvider]
        let app = try #require(provider.apps.first).deviceAppId
        let url = try #require(URL(string: file.gateway.handsetURL))
        card = try given ?? SimulatedCard(opening: CardFile(path: Self.cardPath(testbed, number)))
        backend = try HTTP2BackendTransport(origin: url, trustAnchors: file.gateway.ca, logger: Logger(label: handset.name))
        transport = ObservedTransport(backend)
        deviceKey = SoftwareTokenSigner()
        let access = AccessControl(deviceApp: try DeviceAppID(hex: app))
        let inserted = before + [(component.reader, card)] + after
        readers = SimulatorService(isEmpty ? [] : inserted.map { SimulatorReader(name: $0.reader, card: $0.card, accessControl: access) })
        client = TSMClient(
            configuration: TSMClientConfiguration(handsetURL: url, serviceProviderId: provider.id, deviceAppId: app, issuerSecurityDomains: [.issuerSecurityDomain]),
            transport: transport, deviceKey: deviceKey, secureComponents: readers)
    }

    static func cardPath(_ testbed: RunningTestbed, _ number: Int) throws -> String {
        let handset = testbed.file.handsets[number]
        return "\(testbed.directory)/handsets/\(handset.name)/\(try #require(handset.secureComponents.first).reader).card.json"
    }

    var content: CardContent { CardContent(of: card) }

    func close() async {
        for reader in readers.simulatorReaders { await reader.closeSessions() }
        await backend.shutdown()
    }

    /// Instances of the demo service on this handset's card.
    func instances(_ testbed: RunningTestbed) async throws -> [ServiceInstance] {
        let result = await client.getServiceInstances(serviceId: try testbed.service())
        try #require(result.executionStatus == .noError, "\(result.executionMessage)")
        return result.serviceInstances
    }

    /// Ends what an earlier test may have left behind.
    func clear(_ testbed: RunningTestbed) async throws {
        for instance in try await instances(testbed) {
            let result = await client.terminateService(serviceInstanceId: instance.id)
            try #require(result.processInfo.executionStatus == .noError, "\(result.processInfo.executionMessage)")
        }
    }

    func create(_ testbed: RunningTestbed, version: String = "1.0.0") async throws -> ServiceInstance {
        let result = await client.createServiceInstance(serviceId: try testbed.service(), version: version)
        return try #require(result.serviceInstance, "\(result.executionMessage)")
    }

    func deploy(_ instance: String, listener: (any ProcessListener)? = nil) async -> DeployServiceResult {
        await client.deployService(serviceInstanceId: instance, serviceCommands: Self.allCommands, finalizeDeployment: true, listener: listener)
    }

    func terminate(_ instance: String) async -> TerminateServiceResult { await client.terminateService(serviceInstanceId: instance) }
}

/// Remembers what it was told.
final class RememberingListener: ProcessListener {
    struct Told: Sendable {
        var starts: [ProcessStart] = []
        var progress: [ProcessProgress] = []
    }

    private let told = Mutex(Told())
    var heard: Told { told.withLock { $0 } }

    func onProcessStart(_ start: ProcessStart) async throws { told.withLock { $0.starts.append(start) } }
    func onProcessProgress(_ progress: ProcessProgress) async { told.withLock { $0.progress.append(progress) } }
}

/// Gives the handset back whatever the test's outcome.
func withHandset(_ handset: TestHandset, _ body: (TestHandset) async throws -> Void) async throws {
    do {
        try await body(handset)
    } catch {
        await handset.close()
        throw error
    }
    await handset.close()
}
