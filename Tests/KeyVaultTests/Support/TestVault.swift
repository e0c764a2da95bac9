import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Logging
import Synchronization

/// A vault in a directory of its own, with a clock that stands still until it is moved.
final class TestVault: Sendable {
    static let tsm = VaultCaller(identity: "spiffe://sp-tsm.example/sp-tsm-handset", roles: [.channelOpener, .handsetTokenSigner])
    static let provider = VaultCaller(identity: "spiffe://sp-tsm.example/sp-tsm-provider", roles: [.providerTokenSigner])
    static let custodian = VaultCaller(identity: "spiffe://sp-tsm.example/custodian-1", roles: [.custodian])
    static let people = VaultCaller(identity: "spiffe://sp-tsm.example/operator", roles: [.operator])
    static let owner = "4b0d3c1e-93a0-4a43-8d4c-000000000001"

    let directory: String
    let random = ScriptedRandom()
    let clock = Mutex(Date(timeIntervalSince1970: 1_790_000_000))
    let settings: VaultSettings
    let rootKey: SoftwareRootKey
    /// Where the root key comes from when it is not simply given.
    private let source: RootKeySource?
    private let current = Mutex<VaultEngine?>(nil)

    static func make(
        limits: VaultLimits = VaultLimits(), root: [UInt8] = [UInt8](repeating: 0x5A, count: 32)
    ) async throws -> TestVault {
        let vault = try TestVault(limits: limits, root: root, source: nil)
        try await vault.start()
        return vault
    }

    /// With the root key from elsewhere; it may be sealed.
    static func make(_ source: RootKeySource) async throws -> TestVault {
        let vault = try TestVault(limits: VaultLimits(), root: [UInt8](repeating: 0x5A, count: 32), source: source)
        try await vault.start()
        return vault
    }

    private init(limits: VaultLimits, root: [UInt8], source: RootKeySource?) throws {
        self.source = source
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("key-vault-tests-\(UUID().uuidString)").path
        settings = VaultSettings(
            tokenIssuer: "https://vault.sp-tsm.example", audiences: [.provider: "https://provider.example", .handset: "https://handset.example"],
            tsmOID: "1.3.6.1.4.1.99999.1", limits: limits)
        rootKey = try SoftwareRootKey(SecretBytes(copying: root))
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    var engine: VaultEngine {
        get throws {
            guard let engine = current.withLock({ $0 }) else { throw CocoaError(.fileNoSuchFile) }
            return engine
        }
    }

    /// As the TSM sees it.
    var vault: any KeyVault { get throws { try engine.as(Self.tsm) } }
    var operatorVault: any KeyVault { get throws { try engine.as(Self.people) } }

    var environment: VaultEnvironment {
        VaultEnvironment(
            now: { [self] in clock.withLock { $0 } }, uuid: { UUID().uuidString.lowercased() }, publicRandom: random, keyRandom: SystemRandom.forKeys)
    }

    func start() async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let engine = try await VaultEngine.open(directory: directory, source: source ?? .key(rootKey), settings: settings, environment: environment, logger: logger)
        current.withLock { $0 = engine }
    }

    func stop() async throws {
        let engine = current.withLock { current in
            defer { current = nil }
            return current
        }
        try await engine?.close()
    }

    func restart() async throws {
        try await stop()
        try await start()
    }

    func advance(seconds: Double) { clock.withLock { $0 += seconds } }

    /// Brings a named key in, in two components.
    @discardableResult
    func importNamed(_ index: String, _ kind: NamedKeyDescription.Kind, _ key: [UInt8], owner: String = TestVault.owner) async throws -> NamedKeyDescription {
        let one = try SystemRandom().bytes(key.count)
        let two = zip(key, one).map { $0 ^ $1 }
        return try await operatorVault.importNamedKey(
            ImportNamedKeyRequest(
                index: index, kind: kind, owner: owner, components: [HexBytes(one), HexBytes(two)],
                keyCheckValue: HexBytes(try aesKeyCheckValue(SecretBytes(copying: key)))))
    }

    static let transportKey: [UInt8] = Array(0x80...0x9F)

    /// A key set whose bytes the test knows.
    func importKnown(_ keys: SCP03StaticKeys, version: UInt8, purpose: KeySetPurpose) async throws -> KeySetDescription {
        if try await !vault.namedKeys().contains(where: { $0.index == "test-transport" }) {
            try await importNamed("test-transport", .transport, Self.transportKey)
        }
        return try await vault.importKeySet(
            ImportKeySetRequest(wrapped: try Self.wrap(keys, version: version), purpose: purpose, owner: Self.owner, label: "known to the test"))
    }

    static func wrap(_ keys: SCP03StaticKeys, version: UInt8, under transport: [UInt8] = transportKey, index: String = "test-transport") throws -> WrappedKeySet {
        let transport = SecretBytes(copying: transport)
        return WrappedKeySet(
            transportKeyIndex: index, keyVersionNumber: version, enc: HexBytes(try AESKeyWrap.wrap(keys.enc, under: transport)),
            mac: HexBytes(try AESKeyWrap.wrap(keys.mac, under: transport)), dek: HexBytes(try AESKeyWrap.wrap(keys.dek, under: transport)),
            keyCheckValues: try keys.keyCheckValues().map { HexBytes($0) })
    }

    func createSSD(version: UInt8 = 0x31, keyLength: Int = 16) async throws -> KeySetDescription {
        try await vault.createKeySet(
            CreateKeySetRequest(
                origin: .random, purpose: .supplementarySecurityDomain, keyLength: keyLength, keyVersionNumber: version, owner: Self.owner, label: "final keys"))
    }
}

func staticKeys(_ enc: [UInt8], _ mac: [UInt8], _ dek: [UInt8]) throws -> SCP03StaticKeys {
    try SCP03StaticKeys(enc: SecretBytes(copying: enc), mac: SecretBytes(copying: mac), dek: SecretBytes(copying: dek))
}

func randomKeys(_ length: Int) throws -> SCP03StaticKeys { try SCP03StaticKeys.random(keyLength: length, using: SystemRandom()) }

/// The code of the refusal; nil when there was none.
func refusal<Value>(_ body: () async throws -> Value) async -> KeyVaultError.Code? {
    do {
        _ = try await body()
        return nil
    } catch let error as KeyVaultError {
        return error.code
    } catch {
        return .internalError
    }
}
