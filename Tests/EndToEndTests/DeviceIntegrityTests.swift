import Foundation
import Identity
import Logging
import SecureComponent
import SecureComponentSimulator
import Synchronization
import Testing
import TSMAPI
import TrustedServiceModel

/// A service provider's integrity service, as an app asks it.
private final class IntegrityService: DeviceIntegritySource {
    enum Judgement: Sendable { case pass, fail, replay(String) }
    let key = SoftwareTokenSigner(keyID: "integrity-1")
    let judgement = Mutex(Judgement.pass)
    let last = Mutex("")
    private let app: String
    private let audience: String

    init(app: String, audience: String) {
        self.app = app
        self.audience = audience
    }

    func verdict(deviceKeyThumbprint: String) async throws -> String {
        let judgement = judgement.withLock { $0 }
        if case .replay(let text) = judgement { return text }
        let passes = if case .pass = judgement { true } else { false }
        let text = try DeviceVerdict(audience: audience, issued: Date(), deviceAppId: app, deviceKeyThumbprint: deviceKeyThumbprint, verdict: passes ? .pass : .fail, reason: passes ? nil : "rooted").signed(by: key)
        last.withLock { $0 = text }
        return text
    }
}

extension EndToEnd.Killed {
    @Test("deviceIntegrity: signedVerdict: only devices that the service provider's integrity service vouches for get a token; the others category 20")
    func deviceIntegrity() async throws {
        let testbed = try RunningTestbed.required()
        let plane = try testbed.process("sp-tsm-handset")
        let before = try String(contentsOfFile: plane.configuration, encoding: .utf8)
        let line = try #require(before.split(separator: "\n").first { $0.hasPrefix("deviceIntegrity:") })
        #expect(line.contains("none"))
        try before.replacing(line, with: "deviceIntegrity: signedVerdict").write(toFile: plane.configuration, atomically: true, encoding: .utf8)
        try await testbed.restart("sp-tsm-handset")

        let provider = testbed.file.serviceProviders[0]
        let app = try #require(provider.apps.first).deviceAppId
        let service = IntegrityService(app: app, audience: "https://sp-tsm.example/tsm-api")
        let work = try TemporaryDirectory()
        try JSONEncoder().encode(JSONWebKeySet(keys: [service.key.publicKey])).write(to: URL(fileURLWithPath: work.path + "/jwks.json"))
        let url = try #require(URL(string: testbed.file.gateway.handsetURL))
        let transport = try HTTP2BackendTransport(origin: url, trustAnchors: testbed.file.gateway.ca, logger: Logger(label: "integrity"))
        let reader = try #require(testbed.file.handsets[1].secureComponents.first).reader
        let card = try SimulatedCard(opening: CardFile(path: TestHandset.cardPath(testbed, 1)))
        let readers = SimulatorService([SimulatorReader(name: reader, card: card, accessControl: AccessControl(deviceApp: try DeviceAppID(hex: app)))])
        /// A fresh installation: a device key of its own.
        func query(_ source: (any DeviceIntegritySource)?) async throws -> GetServiceInstancesResult {
            let client = TSMClient(
                configuration: TSMClientConfiguration(handsetURL: url, serviceProviderId: provider.id, deviceAppId: app, issuerSecurityDomains: [.issuerSecurityDomain], deviceIntegrity: source),
                transport: transport, deviceKey: SoftwareTokenSigner(), secureComponents: readers)
            return await client.getServiceInstances(serviceId: try testbed.service())
        }
        #expect(try await query(service).executionStatus == .deviceIntegrityCheckFailed, "nobody has registered it yet")
        _ = try await ProgramRun.tsms(["operator", "set", "device-integrity", "--of", provider.id, "jwks=@\(work.path)/jwks.json", "maximumAge=60", "--dir", testbed.directory, "--json"])
        let accepted = try await wait(upTo: .seconds(5)) { try await query(service).executionStatus == .noError ? true : nil }
        #expect(accepted == true)
        let stolen = service.last.withLock { $0 }
        service.judgement.withLock { $0 = .replay(stolen) }
        let replayed = try await query(service)
        #expect(replayed.executionStatus == .deviceIntegrityCheckFailed && replayed.executionMessage.contains("another device key"), "\(replayed.executionMessage)")
        service.judgement.withLock { $0 = .fail }
        #expect(try await query(service).executionStatus == .deviceIntegrityCheckFailed)
        #expect(try await query(nil).executionStatus == .deviceIntegrityCheckFailed)
        let stranger = IntegrityService(app: app, audience: "https://sp-tsm.example/tsm-api")
        #expect(try await query(stranger).executionStatus == .deviceIntegrityCheckFailed)
        for reader in readers.simulatorReaders { await reader.closeSessions() }
        await transport.shutdown()
        try before.write(toFile: plane.configuration, atomically: true, encoding: .utf8)
        try await testbed.restart("sp-tsm-handset")
    }
}
