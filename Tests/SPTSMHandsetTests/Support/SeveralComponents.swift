import Foundation
import GlobalPlatform
import GRDB
import Identity
import SecureComponent
import SecureComponentSimulator
@testable import SPTSMHandset
import TSMAPI
import TrustedServiceModel

/// A component in a reader of a handset.
struct Inserted: Sendable {
    var reader: String
    var card: SimulatedCard
    /// Of the component's own default, where it has no access rules.
    var enforcement = AccessControl.Enforcement.rules(withoutRuleApplication: .deny)
}

extension Handset {
    /// An SP app on a handset with any number of components, listed in this order.
    /// - Parameter provesTogether: false: an agent that takes one order at a time.
    init(_ bench: TSMBench, inserted: [Inserted], device: String = "device-1", app: String = FixedCatalogue.app, provesTogether: Bool = true) throws {
        let transport = EngineTransport(bench: bench, caller: HandsetCaller(serviceProviderId: FixedCatalogue.provider, deviceAppId: app, deviceKeyThumbprint: device))
        let readers = try inserted.map {
            SimulatorReader(name: $0.reader, card: $0.card, accessControl: AccessControl(deviceApp: try DeviceAppID(hex: app), enforcement: $0.enforcement))
        }
        let configuration = TSMClientConfiguration(handsetURL: URL(string: "https://127.0.0.1:1/tsm-api/v1") ?? URL(filePath: "/"), serviceProviderId: FixedCatalogue.provider,
                                                   deviceAppId: app, issuerSecurityDomains: [.issuerSecurityDomain], retries: 0)
        let client = TSMClient(configuration: configuration, transport: provesTogether ? transport : OneAtATime(inner: transport), deviceKey: SoftwareTokenSigner(),
                               secureComponents: SimulatorService(readers))
        self.init(transport: transport, client: client, card: inserted[0].card)
    }

    private init(transport: EngineTransport, client: TSMClient, card: SimulatedCard) {
        (self.transport, self.client, self.card) = (transport, client, card)
    }

    /// Requests of a call.
    func requests<Value>(_ call: () async throws -> Value) async rethrows -> (value: Value, count: Int) {
        let before = transport.requests
        let value = try await call()
        return (value, transport.requests - before)
    }
}

/// Takes the SDK's word that it runs orders for several components at once out of its requests, as agents of other makers do not give it.
private struct OneAtATime: BackendTransport {
    let inner: EngineTransport

    func send(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) async throws(TSMFailure) -> BackendAnswer {
        let text = String(decoding: body, as: UTF8.self).replacing(#""provesTogether":true"#, with: #""provesTogether":false"#)
        return try await inner.send(method: method, path: path, headers: headers, body: Array(text.utf8))
    }
}

extension Handset {
    /// The same app on a handset without any component.
    init(_ bench: TSMBench, empty other: Handset) throws {
        let configuration = TSMClientConfiguration(handsetURL: URL(string: "https://127.0.0.1:1/tsm-api/v1") ?? URL(filePath: "/"), serviceProviderId: FixedCatalogue.provider,
                                                   deviceAppId: FixedCatalogue.app, issuerSecurityDomains: [.issuerSecurityDomain], retries: 0)
        self.init(transport: other.transport, client: TSMClient(configuration: configuration, transport: other.transport, deviceKey: SoftwareTokenSigner(), secureComponents: SimulatorService([])),
                  card: other.card)
    }
}

extension HandsetStore {
    static func instanceCount(_ db: Database) throws -> Int { try Int.fetchOne(db, sql: "SELECT count(*) FROM instance") ?? 0 }
}
