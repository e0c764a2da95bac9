import Foundation
import GlobalPlatform
import HTTP2
import Identity
import Logging
import SecureComponent
import SecureComponentSimulator
import TSMAPI

/// A handset of the testbed as one SP app on it sees it: SDK, readers with the app's access rights, device key.
final class SimulatedHandset: Sendable {
    let name: String
    let client: TSMClient
    let transport: CountingTransport
    let readers: SimulatorService
    private let backend: HTTP2BackendTransport
    private let locks: [CardLock]

    /// - Parameter serviceProvider: whose app it is; its first one.
    init(_ name: String, in testbed: TestbedDescription, serviceProvider: TestbedDescription.ServiceProvider, timeline: Timeline? = nil) async throws {
        guard let handset = testbed.handsets.first(where: { $0.name == name }) else {
            throw ToolFailure("the testbed has no handset \(name), only \(testbed.handsets.map(\.name).joined(separator: ", "))")
        }
        guard let app = serviceProvider.apps.first else { throw ToolFailure("\(serviceProvider.name) has no app") }
        guard let url = URL(string: testbed.gateway.handsetURL) else { throw ToolFailure("'\(testbed.gateway.handsetURL)' is no URL") }
        let layout = testbed.layout
        let access = AccessControl(deviceApp: try DeviceAppID(hex: app.deviceAppId))
        var readers: [SimulatorReader] = []
        var locks: [CardLock] = []
        for component in handset.secureComponents {
            let path = layout.card(name, component.reader)
            locks.append(try await CardLock(path: path + ".lock"))
            readers.append(SimulatorReader(name: component.reader, card: try SimulatedCard(opening: CardFile(path: path)), accessControl: access))
        }
        let service = SimulatorService(readers)
        let backend = try HTTP2BackendTransport(origin: url, trustAnchors: testbed.gateway.ca, logger: Logger(label: name))
        let cards = readers.map(\.card)
        let transport = CountingTransport(backend, handset: name, timeline: timeline) { cards.reduce(0) { $0 + $1.commandCount } }
        self.name = name
        self.readers = service
        self.locks = locks
        self.backend = backend
        self.transport = transport
        client = TSMClient(
            configuration: TSMClientConfiguration(handsetURL: url, serviceProviderId: serviceProvider.id, deviceAppId: app.deviceAppId, issuerSecurityDomains: [.issuerSecurityDomain]),
            transport: transport, deviceKey: try Self.deviceKey(layout.handset(name) + "/device-key-\(serviceProvider.name).pem"), secureComponents: service)
    }

    /// A card by its reader's name.
    func card(_ reader: String) throws(ToolFailure) -> SimulatedCard {
        guard let found = readers.simulatorReaders.first(where: { $0.name == reader }) else { throw ToolFailure("\(name) has no reader \(reader)") }
        return found.card
    }

    func close() async {
        for reader in readers.simulatorReaders { await reader.closeSessions() }
        await backend.shutdown()
    }

    /// The key of the app's installation on this handset: made once, kept, since proofs of card are bound to it.
    private static func deviceKey(_ path: String) throws -> SoftwareTokenSigner {
        if let pem = try? String(contentsOfFile: path, encoding: .utf8) { return try SoftwareTokenSigner(privateKeyPEM: pem) }
        let signer = SoftwareTokenSigner()
        try AtomicFile.write(signer.privateKeyPEM.utf8, to: path, mode: AtomicFile.secretMode)
        return signer
    }
}
