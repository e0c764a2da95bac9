import Cryptography
import DeploymentDocument
import Foundation
import GlobalPlatform
import Identity
import KeyVaultAPI
@testable import KeyVaultService
import Logging
import SEIAPI
@testable import SEITSMService
import SecureComponentSimulator
import ServiceKit
@testable import SPTSMHandset
import Synchronization
import TSMAPI
import TrustedServiceModel

final class TestClock: Sendable {
    private let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
    var now: Date { time.withLock { $0 } }
    func advance(by seconds: Double) { time.withLock { $0 = $0.addingTimeInterval(seconds) } }
}

/// SP TSM (handset plane, vault), issuer (SEI TSM, vault) and a simulated card in one process: every engine real, no network.
final class TSMBench: Sendable {
    static let spTsm = "spiffe://sp-tsm.example/sp-tsm-handset"
    static let transportKey = "7b5d3c8e-6a10-4f0f-8f6e-2f1f0c9d4e02"
    /// One master key for cards of each AES key length: KDF3 makes keys as long as the master.
    static func isdMaster(_ length: Int) -> String { "0c9d4e02-1a2b-4c3d-8e4f-5a6b7c8d9e\(length)" }
    static let spMaster = "11111111-1a2b-4c3d-8e4f-5a6b7c8d9e04"
    static let profile = "3f0a8a1e-9f55-4c77-9a2c-0a4f7e6b1c01"

    let clock = TestClock()
    let directory: URL
    let issuerVault: VaultEngine
    let spVault: VaultEngine
    let issuerStore: Store
    let sei: SEIEngine
    let catalogue: FixedCatalogue
    private let plane: Mutex<(store: Store, engine: HandsetEngine)>
    let logger: Logger
    /// Requests of the handset plane to its vault and to the issuer, and of the issuer to its vault.
    let vaultCalls = CallLog(), issuerCalls = CallLog(), issuerVaultCalls = CallLog()
    var handsetStore: Store { plane.withLock { $0.store } }

    var engine: HandsetEngine { plane.withLock { $0.engine } }
    var keys: any KeyVault { spVault.as(Self.vaultCaller) }
    private static let vaultCaller = VaultCaller(identity: spTsm, roles: [.channelOpener, .handsetTokenSigner])

    let settings: HandsetSettings

    /// - Parameter profiles: of the SP TSM's contract with the issuer.
    init(catalogue given: FixedCatalogue? = nil, settings: HandsetSettings = HandsetSettings(lease: 60), profiles: Set<String> = [TSMBench.profile]) async throws {
        self.settings = settings
        let directory = FileManager.default.temporaryDirectory.appending(path: "handset-\(UUID().uuidString)")
        self.directory = directory
        var logger = Logger(label: "bench")
        logger.logLevel = .critical
        self.logger = logger
        issuerVault = try await Self.vault(directory.path + "/issuer-vault", root: 1, logger)
        spVault = try await Self.vault(directory.path + "/sp-vault", root: 2, logger)
        issuerStore = try Store.open(directory: directory.path + "/sei", migrations: Schema.migrations, logger: logger)
        let clock = clock
        let environment = ServiceEnvironment(now: { clock.now }, uuid: ServiceEnvironment.system.uuid, randomBytes: ServiceEnvironment.system.randomBytes)
        let contract = Contract(spTsm: try AllowedPeer(Self.spTsm), profiles: profiles, transportKeys: [Self.transportKey], aidPrefixes: [HexBytes([0xF0, 0x54, 0x53, 0x4D, 0x53])])
        let issuersKeys = issuerVault.as(VaultCaller(identity: "spiffe://issuer-1.example/sei-tsm", roles: [.channelOpener]))
        sei = SEIEngine(vault: CountedVault(vault: issuersKeys, log: issuerVaultCalls), store: issuerStore,
                        environment: environment, settings: IssuerSettings(contracts: [contract]), logger: logger)
        let catalogue = if let given { given } else { try FixedCatalogue(profile: Self.profile) }
        self.catalogue = catalogue
        let store = try Store.open(directory: directory.path + "/handset", migrations: HandsetMigrations.all, logger: logger)
        plane = Mutex((store, Self.engine(store, CountedVault(vault: spVault.as(Self.vaultCaller), log: vaultCalls), catalogue,
                                          CountedIssuer(issuer: sei.as(Self.spTsm), log: issuerCalls), settings, environment, logger)))
        try await importKeys()
    }

    private static func engine(_ store: Store, _ vault: any KeyVault, _ catalogue: FixedCatalogue, _ issuer: any SecureElementIssuer, _ settings: HandsetSettings, _ environment: ServiceEnvironment, _ logger: Logger) -> HandsetEngine {
        HandsetEngine(store: store, vault: vault, catalogue: catalogue, issuers: IssuerDirectory(catalogue: catalogue) { _ in issuer },
                      settings: settings, environment: environment, logger: logger)
    }

    private static func vault(_ directory: String, root: UInt8, _ logger: Logger) async throws -> VaultEngine {
        try await VaultEngine.open(directory: directory, rootKey: try SoftwareRootKey(SecretBytes(copying: [UInt8](repeating: root, count: 32))),
                                   settings: VaultSettings(tsmOID: "2.25.1", limits: VaultLimits(unprovenAuthentications: 20)), logger: logger)
    }

    private func importKeys() async throws {
        for vault in [issuerVault, spVault] { try await named(Self.transportKey, .transport, [UInt8](0..<32), "shared", vault) }
        for length in [16, 24, 32] { try await named(Self.isdMaster(length), .master, [UInt8](repeating: 0x5A, count: length), "issuer-1", issuerVault) }
        try await named(Self.spMaster, .master, [UInt8](repeating: 0x33, count: 16), FixedCatalogue.provider, spVault)
    }

    private func named(_ index: String, _ kind: NamedKeyDescription.Kind, _ key: [UInt8], _ owner: String, _ vault: VaultEngine) async throws {
        let mask = [UInt8](repeating: 0xA7, count: key.count)
        _ = try await vault.as(VaultCaller(identity: "spiffe://test/operator", roles: [.operator])).importNamedKey(ImportNamedKeyRequest(
            index: index, kind: kind, owner: owner, components: [HexBytes(mask), HexBytes(zip(mask, key).map { $0 ^ $1 })],
            keyCheckValue: HexBytes(try aesKeyCheckValue(SecretBytes(copying: key)))))
    }

    /// A card of the issuer, in its inventory unless told otherwise.
    /// - Parameters:
    ///   - listedAs: what the inventory says of it, where that is not what it is.
    ///   - profileId: of the inventory.
    func card(_ profile: CardProfile = .eSE, number: UInt8 = 1, known: Bool = true, master given: [UInt8]? = nil, listedAs: CardProfile? = nil,
              profileId: String = TSMBench.profile, iin: String = FixedCatalogue.iin, blocked: Bool? = nil) async throws -> SimulatedCard {
        let diversification: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8, number]
        let iin = try Hex.decode(iin), cin: [UInt8] = [0x99, 0x00, number]
        let master = given ?? [UInt8](repeating: 0x5A, count: profile.keyLength)
        let keys = try GlobalPlatform.DiversificationScheme.kdf3.keys(master: SecretBytes(copying: master), keyDiversificationData: diversification)
        let listed = listedAs ?? profile
        if known {
            _ = try await sei.addComponents([InventoryEntry(
                issuerIdentificationNumber: HexBytes(iin), cardImageNumber: HexBytes(cin), profileId: profileId, keyVersionNumber: 0x30,
                scpParameter: listed.scp03Options[0], keyLength: listed.keyLength, keyDiversificationData: HexBytes(diversification),
                masterKeyIndex: Self.isdMaster(listed.keyLength), firstKeys: SEI.FirstKeys(rawValue: listed.firstKeys.rawValue),
                accessRuleApplication: listed.hasAccessRuleApplication ? .accessRuleApplicationMaster : nil, blocked: blocked)])
        }
        return try SimulatedCard.personalized(profile: profile, isdKeys: keys, issuerIdentificationNumber: iin, cardImageNumber: cin, keyDiversificationData: diversification)
    }

    /// As after a crash of the handset plane: another engine on the same store.
    /// - Parameters:
    ///   - vaultAnswers: false: its vault refuses everything, as with a certificate that it does not know.
    ///   - changed: what its operator has set since.
    func restartPlane(vaultAnswers: Bool = true, issuerIgnoresFollowing: Bool = false, settings changed: HandsetSettings? = nil) {
        let vault = CountedVault(vault: vaultAnswers ? keys : spVault.as(VaultCaller(identity: Self.spTsm, roles: [])), log: vaultCalls)
        let issuer = CountedIssuer(issuer: sei.as(Self.spTsm), log: issuerCalls, ignoresFollowing: issuerIgnoresFollowing)
        let clock = clock
        let environment = ServiceEnvironment(now: { clock.now }, uuid: ServiceEnvironment.system.uuid, randomBytes: ServiceEnvironment.system.randomBytes)
        plane.withLock { $0.engine = Self.engine($0.store, vault, catalogue, issuer, changed ?? settings, environment, logger) }
    }

    func close() async throws {
        try await plane.withLock { $0.store }.close()
        try await issuerStore.close()
        try await issuerVault.close()
        try await spVault.close()
        try FileManager.default.removeItem(at: directory)
    }
}

func withBench(_ catalogue: FixedCatalogue? = nil, settings: HandsetSettings = HandsetSettings(lease: 60), profiles: Set<String> = [TSMBench.profile],
               _ body: (TSMBench) async throws -> Void) async throws {
    let bench = try await TSMBench(catalogue: catalogue, settings: settings, profiles: profiles)
    do {
        try await body(bench)
    } catch {
        try? await bench.close()
        throw error
    }
    try await bench.close()
}
