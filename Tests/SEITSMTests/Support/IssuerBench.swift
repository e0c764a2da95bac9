import Cryptography
import Foundation
import GlobalPlatform
import Identity
import KeyVaultAPI
import KeyVaultService
import Logging
import SEIAPI
import SecureComponentSimulator
import ServiceKit
import Synchronization
@testable import SEITSMService

/// A clock that goes when it is told to.
final class TestClock: Sendable {
    private let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
    var now: Date { time.withLock { $0 } }
    func advance(by seconds: Double) { time.withLock { $0 = $0.addingTimeInterval(seconds) } }
}

func bytes(_ hex: String) throws -> HexBytes { try HexBytes(hex: hex) }
func aid(_ hex: String) throws -> AID { try AID(hex: hex) }

/// An issuer with its vault, an SP TSM with its own, and cards of the issuer.
final class IssuerBench: Sendable {
    static let spTsm = "spiffe://sp-tsm.example/sp-tsm-handset"
    static let otherSpTsm = "spiffe://other-tsm.example/sp-tsm-handset"
    static let profile = "3f0a8a1e-9f55-4c77-9a2c-0a4f7e6b1c01"
    static let transportKey = "7b5d3c8e-6a10-4f0f-8f6e-2f1f0c9d4e02"
    /// One master key for cards of each AES key length: KDF3 makes keys as long as the master.
    static func masterKey(_ length: Int = 16) -> String { "0c9d4e02-1a2b-4c3d-8e4f-5a6b7c8d9e\(length)" }
    static func master(_ length: Int = 16) -> [UInt8] { [UInt8](repeating: 0x5A, count: length) }

    let clock = TestClock()
    let directory: URL
    let issuerVault: VaultEngine
    let spVault: VaultEngine
    /// Between the SEI TSM and its vault.
    let flaky: FlakyVault
    private let opened: Mutex<(engine: SEIEngine, store: Store)>
    let settings: IssuerSettings
    private let logger: Logger

    var engine: SEIEngine { opened.withLock { $0.engine } }
    var desk: any SecureElementIssuer { engine.as(Self.spTsm) }
    /// The SP TSM's vault as the SP TSM sees it.
    var spKeys: any KeyVault { spVault.as(VaultCaller(identity: Self.spTsm, roles: [.channelOpener])) }
    var issuerKeys: any KeyVault { issuerVault.as(Self.issuer) }
    private static let issuer = VaultCaller(identity: "spiffe://issuer-1.example/sei-tsm", roles: [.channelOpener])

    private init(directory: URL, issuerVault: VaultEngine, spVault: VaultEngine, settings: IssuerSettings, logger: Logger, store: Store) {
        self.directory = directory
        self.issuerVault = issuerVault
        self.spVault = spVault
        self.settings = settings
        self.logger = logger
        flaky = FlakyVault(issuerVault.as(Self.issuer))
        opened = Mutex((Self.engine(flaky, store, clock, settings, logger), store))
    }

    private static func engine(_ vault: any KeyVault, _ store: Store, _ clock: TestClock, _ settings: IssuerSettings, _ logger: Logger) -> SEIEngine {
        let environment = ServiceEnvironment(now: { clock.now }, uuid: { UUID().uuidString.lowercased() }, randomBytes: ServiceEnvironment.system.randomBytes)
        return SEIEngine(vault: vault, store: store, environment: environment, settings: settings, logger: logger)
    }

    /// - Parameter change: to the settings.
    static func make(_ change: (inout IssuerSettings) -> Void = { _ in }) async throws -> IssuerBench {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("seitsm-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var logger = Logger(label: "sei-tsm")
        logger.logLevel = .critical
        var settings = IssuerSettings(contracts: try [(spTsm, "f054534d53"), (otherSpTsm, "f054534d54")].map { peer, prefix in
            Contract(spTsm: try AllowedPeer(peer), profiles: [profile], transportKeys: [transportKey], aidPrefixes: [try bytes(prefix)])
        })
        change(&settings)
        let bench = IssuerBench(
            directory: directory, issuerVault: try await vault(directory.path + "/issuer-vault", root: 1, logger),
            spVault: try await vault(directory.path + "/sp-vault", root: 2, logger), settings: settings, logger: logger,
            store: try Store.open(directory: directory.path + "/sei-tsm", migrations: Schema.migrations, logger: logger))
        try await bench.importNamedKeys()
        return bench
    }

    private static func vault(_ directory: String, root: UInt8, _ logger: Logger) async throws -> VaultEngine {
        try await VaultEngine.open(directory: directory, rootKey: try SoftwareRootKey(SecretBytes(copying: [UInt8](repeating: root, count: 32))),
                                   settings: VaultSettings(limits: VaultLimits(unprovenAuthentications: 20)), logger: logger)
    }

    private func importNamedKeys() async throws {
        let transport = [UInt8](0..<32)
        for vault in [issuerVault, spVault] {
            try await importKey(Self.transportKey, .transport, transport, into: vault)
        }
        for length in [16, 24, 32] { try await importKey(Self.masterKey(length), .master, Self.master(length), into: issuerVault) }
    }

    private func importKey(_ index: String, _ kind: NamedKeyDescription.Kind, _ key: [UInt8], into vault: VaultEngine) async throws {
        let mask = [UInt8](repeating: 0xA7, count: key.count)
        let caller = VaultCaller(identity: "spiffe://test/operator", roles: [.operator])
        _ = try await vault.as(caller).importNamedKey(ImportNamedKeyRequest(
            index: index, kind: kind, owner: "sp-tsm", components: [HexBytes(mask), HexBytes(zip(mask, key).map { $0 ^ $1 })],
            keyCheckValue: HexBytes(try aesKeyCheckValue(SecretBytes(copying: key)))))
    }

    /// Closes the SEI TSM's store and opens it again, as after a stop of the process.
    func restart() async throws {
        try await opened.withLock { $0.store }.close()
        let store = try Store.open(directory: directory.path + "/sei-tsm", migrations: Schema.migrations, logger: logger)
        let engine = Self.engine(flaky, store, clock, settings, logger)
        opened.withLock { $0 = (engine, store) }
    }

    func close() async throws {
        try await opened.withLock { $0.store }.close()
        try await issuerVault.close()
        try await spVault.close()
        try FileManager.default.removeItem(at: directory)
    }
}

/// Runs a test with a bench and cleans up after it.
func withBench<Value>(_ change: (inout IssuerSettings) -> Void = { _ in }, _ body: (IssuerBench) async throws -> Value) async throws -> Value {
    let bench = try await IssuerBench.make(change)
    do {
        let value = try await body(bench)
        try await bench.close()
        return value
    } catch {
        try? await bench.close()
        throw error
    }
}
