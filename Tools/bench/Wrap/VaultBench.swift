import ArgumentParser
import Cryptography
import Foundation
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import PKCS11

struct VaultBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vault", abstract: "Secure channels and wrapped bytes of the key vault, in software and on SoftHSM 2, against the CMACs that either makes alone.")

    @Option(help: ArgumentHelp("PKCS #11 module.", valueName: "file")) var module = "/usr/lib/softhsm/libsofthsm2.so"
    @OptionGroup var options: BenchOptions

    func run() async throws {
        let command = self
        try await options.perform { _ in [try await VaultBench(runs: command.options.runs, module: command.module).run()] }
    }
}

/// The engine in process, everything durable, many callers at once. Channels are predicted, with a card's keys derived from a master key each time: three
/// CMACs by the backend, or with a stored key set, where the backend has no part.
struct VaultBench: Sendable {
    static let channels = 512
    static let callers = 32
    static let scripts = 16
    static let loadFileLength = 27_000
    private static let caller = VaultCaller(identity: "spiffe://bench.example/tsm", roles: [.channelOpener, .operator])

    let runs: Int
    let module: String

    func run() async throws -> Report {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("vault-bench-\(getpid())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var table = Table("backend", "channels/s, derived keys", "channels/s, stored keys", "wrapped kB/s", "its own CMACs/s", "CMACs of derivation alone would allow")
        let software = try SoftwareRootKey(SecretBytes.random(count: 32, using: SystemRandom.forKeys))
        try await measure("software", .key(software), directory + "/software", try Self.softwareCodes(), &table)
        var remarks: [String] = []
        if let configuration = try Self.makeToken(directory, module) {
            let token = try configuration.token()
            _ = try VaultInitialisation.run(token: token, label: configuration.rootKeyLabel, storeDirectory: directory + "/token")
            let rate = try Self.tokenCodes(token)
            try await measure("SoftHSM 2", .token(token, rootKeyLabel: configuration.rootKeyLabel), directory + "/token", rate, &table)
        } else {
            remarks.append("SoftHSM 2 (Debian package softhsm2) is not there: its half was not taken.")
        }
        return Report(
            title: "Key vault",
            method: """
                \(Self.channels) predicted channels a run by \(Self.callers) callers at once, AES-128, and \(Self.scripts) scripts of a \(Self.loadFileLength)-byte load file at level 33; \
                median of \(runs) runs after one that does not count. Every channel is durable, with its line in the audit log. CMACs are of 16 bytes, one after the other.
                """,
            tables: [table], remarks: remarks)
    }

    private func measure(_ name: String, _ source: RootKeySource, _ directory: String, _ codes: Double, _ table: inout Table) async throws {
        var settings = VaultSettings()
        settings.limits.unprovenAuthentications = .max
        let engine = try await VaultEngine.open(directory: directory, source: source, settings: settings)
        let vault = engine.as(Self.caller)
        let master = try SystemRandom.forKeys.bytes(16)
        let pad = try SystemRandom.forKeys.bytes(16)
        _ = try await vault.importNamedKey(ImportNamedKeyRequest(
            index: "master", kind: .master, owner: "bench", components: [HexBytes(pad), HexBytes(zip(master, pad).map { $0 ^ $1 })],
            keyCheckValue: HexBytes(try aesKeyCheckValue(SecretBytes(copying: master)))))
        let set = try await vault.createKeySet(CreateKeySetRequest(
            origin: .random, purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: 0x30, owner: "bench", label: ""))
        let load = try LoadCommand.split(loadFile: SystemRandom().bytes(Self.loadFileLength), maximumPayload: 239).map { ChannelCommand.apdu(HexBytes($0.apdu.bytes)) }
        var (derived, stored, wrapped): ([Double], [Double], [Double]) = ([], [], [])
        for run in 0...runs {
            let one = try await Self.rate(Self.channels) { number in
                let data = HexBytes([UInt8](repeating: 0, count: 8) + [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)])
                _ = try await vault.openChannel(Self.request(.diversified(masterKeyIndex: "master", keyDiversificationData: data, scheme: .kdf3, keyVersionNumber: 0x30), []))
            }
            let two = try await Self.rate(Self.channels) { _ in _ = try await vault.openChannel(Self.request(.keySet(id: set.id), [])) }
            let three = try await Self.rate(Self.scripts) { _ in _ = try await vault.openChannel(Self.request(.keySet(id: set.id), load)) }
            guard run > 0 else { continue }
            derived.append(one)
            stored.append(two)
            wrapped.append(three * Double(Self.loadFileLength) / 1000)
        }
        try await engine.close()
        table.add(name, Runs(derived).median.formatted(0), Runs(stored).median.formatted(0), Runs(wrapped).median.formatted(0), codes.formatted(0), (codes / 3).formatted(0))
    }

    private static func request(_ keys: KeyReference, _ commands: [ChannelCommand]) -> OpenChannelRequest {
        OpenChannelRequest(
            keys: keys, keyVersionNumber: 0x30, securityDomain: .issuerSecurityDomain, scpParameter: 0x70, securityLevel: 0x33,
            mode: .predicted(sequenceCounter: HexBytes([0, 0, 1])), process: "bench", commands: commands)
    }

    /// Operations a second, by several callers at once.
    private static func rate(_ count: Int, _ work: @escaping @Sendable (Int) async throws -> Void) async throws -> Double {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                group.addTask { for number in stride(from: caller, to: count, by: callers) { try await work(number) } }
            }
            try await group.waitForAll()
        }
        return Double(count) / start.duration(to: .now).seconds
    }

    private static func softwareCodes() throws -> Double {
        let cmac = try AESCMAC(key: SecretBytes.random(count: 16, using: SystemRandom.forKeys))
        let message = [UInt8](repeating: 1, count: 16)
        return try codes(200_000) { _ = try cmac.code(over: message) }
    }

    private static func tokenCodes(_ token: Token) throws -> Double {
        let key = TokenKey(try SystemRandom().bytes(16), .aes)
        try token.store(SecretBytes.random(count: 16, using: SystemRandom.forKeys), as: key, label: "bench", for: .derive)
        let messages = [[UInt8]](repeating: [UInt8](repeating: 1, count: 16), count: 3)
        return try 3 * codes(2000) { _ = try token.cmac(over: messages, with: key) }
    }

    private static func codes(_ count: Int, _ work: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        for _ in 0..<count { try work() }
        return Double(count) / start.duration(to: .now).seconds
    }

    /// A token of its own in the bench's directory; nil without SoftHSM.
    private static func makeToken(_ directory: String, _ module: String) throws -> TokenConfiguration? {
        let tool = "/usr/bin/softhsm2-util"
        guard FileManager.default.fileExists(atPath: module), FileManager.default.isExecutableFile(atPath: tool) else { return nil }
        try FileManager.default.createDirectory(atPath: directory + "/tokens", withIntermediateDirectories: true)
        try Data("directories.tokendir = \(directory)/tokens\nobjectstore.backend = file\nlog.level = ERROR\n".utf8).write(to: URL(fileURLWithPath: directory + "/softhsm2.conf"))
        setenv("SOFTHSM2_CONF", directory + "/softhsm2.conf", 1)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = ["--init-token", "--free", "--label", "bench", "--so-pin", "5678", "--pin", "1234"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchFailure("softhsm2-util made no token") }
        guard FileManager.default.createFile(atPath: directory + "/pin", contents: Data("1234".utf8), attributes: [.posixPermissions: 0o600]) else {
            throw BenchFailure("\(directory)/pin cannot be written")
        }
        return TokenConfiguration(module: module, tokenLabel: "bench", pinFile: directory + "/pin")
    }
}
