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
    let readers: any SecureElementService
    /// Simulated ones; none when the card is in a PC/SC reader.
    private let simulated: [SimulatorReader]
    private let recorder: TranscriptRecorder?
    private let backend: HTTP2BackendTransport
    private let locks: [CardLock]

    /// - Parameters:
    ///   - serviceProvider: whose app it is; its first one.
    ///   - choice: the handset's own simulated cards, or the card in a reader of this machine.
    init(_ name: String, in testbed: TestbedDescription, serviceProvider: TestbedDescription.ServiceProvider, readers choice: HandsetReaders = .simulated,
         timeline: Timeline? = nil) async throws {
        guard let handset = testbed.handsets.first(where: { $0.name == name }) else {
            throw ToolFailure("the testbed has no handset \(name), only \(testbed.handsets.map(\.name).joined(separator: ", "))")
        }
        guard let app = serviceProvider.apps.first else { throw ToolFailure("\(serviceProvider.name) has no app") }
        guard let url = URL(string: testbed.gateway.handsetURL) else { throw ToolFailure("'\(testbed.gateway.handsetURL)' is no URL") }
        let layout = testbed.layout
        let access = AccessControl(deviceApp: try DeviceAppID(hex: app.deviceAppId))
        let found = try await choice.open(handset, layout, access)
        let backend = try HTTP2BackendTransport(origin: url, trustAnchors: testbed.gateway.ca, logger: Logger(label: name))
        let transport = CountingTransport(backend, handset: name, timeline: timeline, commands: found.commandCount)
        self.name = name
        readers = found.service
        simulated = found.simulated
        recorder = found.recorder
        locks = found.locks
        self.backend = backend
        self.transport = transport
        client = TSMClient(
            configuration: TSMClientConfiguration(handsetURL: url, serviceProviderId: serviceProvider.id, deviceAppId: app.deviceAppId, issuerSecurityDomains: [found.issuerSecurityDomain]),
            transport: transport, deviceKey: try Self.deviceKey(layout.handset(name) + "/device-key-\(serviceProvider.name).pem"), secureComponents: found.service)
    }

    /// A card by its reader's name.
    func card(_ reader: String) throws(ToolFailure) -> SimulatedCard {
        guard let found = simulated.first(where: { $0.name == reader }) else { throw ToolFailure("\(name) has no reader \(reader)") }
        return found.card
    }

    /// The reader of this name; of a PC/SC reader its beginning is enough.
    func readerName(_ given: String) async throws -> String {
        let names = try await readers.readers.map(\.name)
        guard let name = names.first(where: { $0 == given }) ?? names.first(where: { $0.hasPrefix(given) }) else {
            throw ToolFailure("\(name) has no reader \(given), only \(names.joined(separator: ", "))")
        }
        return name
    }

    func close() async {
        // A list that cannot be read has no sessions to close.
        for reader in (try? await readers.readers) ?? [] { await reader.closeSessions() }
        await backend.shutdown()
    }

    /// - Throws: ``ToolFailure`` when the transcript that was asked for is not complete.
    func checkRecord() throws(ToolFailure) {
        if let failure = recorder?.failure { throw ToolFailure(failure) }
    }

    /// The key of the app's installation on this handset: made once, kept, since proofs of card are bound to it.
    private static func deviceKey(_ path: String) throws -> SoftwareTokenSigner {
        if let pem = try? String(contentsOfFile: path, encoding: .utf8) { return try SoftwareTokenSigner(privateKeyPEM: pem) }
        let signer = SoftwareTokenSigner()
        try AtomicFile.write(signer.privateKeyPEM.utf8, to: path, mode: AtomicFile.secretMode)
        return signer
    }
}
