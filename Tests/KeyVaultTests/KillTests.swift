import Foundation
import HTTP2
import Identity
import KeyVaultAPI
import KeyVaultService
import Logging
import ServiceKit
import Testing

/// The executable, if it is built.
enum VaultProgram {
    static let path: String? = {
        // Tests and programs are built into the same directory.
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appendingPathComponent(".build/debug/key-vault").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()
}

/// The program itself, killed while it changes its root key: whatever the moment, the next start opens the store and goes on.
@Suite(.serialized, .enabled(if: VaultProgram.path != nil, "key-vault is not built: swift build --product key-vault"))
struct KillTests {
    private struct Running {
        let process: Process
        let port: Int
    }

    private func start(_ domain: VaultDomain, _ configuration: String) async throws -> Running {
        let ready = domain.directory + "/ready.json"
        if FileManager.default.fileExists(atPath: ready) { try FileManager.default.removeItem(atPath: ready) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(VaultProgram.path))
        process.arguments = ["--config", configuration, "--testbed", "--ready-file", ready]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<3000 {
            if let endpoints = try? EndpointsFile.read(from: ready), let port = endpoints.listeners["vault"] { return Running(process: process, port: port) }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        process.terminate()
        throw KeyVaultError(.unreachable, "key-vault did not start: exit code \(process.isRunning ? 0 : process.terminationStatus)")
    }

    private func with<Value: Sendable>(_ running: Running, _ domain: VaultDomain, _ name: String, _ work: (JSONClient) async throws -> Value) async throws -> Value {
        let url = try #require(URL(string: "https://127.0.0.1:\(running.port)\(KeyVaultPaths.base)"))
        let files = domain.directory
        let credentials = try TLSCredentials(files: TLSFiles(certificateChain: "\(files)/\(name).pem", privateKey: "\(files)/\(name).key", trustAnchors: "\(files)/ca.pem"))
        let http = HTTPClient(origin: url, credentials: credentials, expectation: .spiffe("spiffe://test.example/vault"), logger: Logger(label: "kill"))
        let result = await Result { try await work(JSONClient(sender: http, url: url, timeout: .seconds(20), environment: .system)) }
        await http.shutdown()
        return try result.get()
    }

    @Test func atAnyMoment() async throws {
        let domain = try VaultDomain()
        let configuration = domain.directory + "/config.yaml"
        try Data(domain.yaml().utf8).write(to: URL(fileURLWithPath: configuration))
        try VaultInitialisation.run(domain.configuration())
        var running = try await start(domain, configuration)
        // Enough rows for many transactions.
        let step = VaultStep.createKeySet(request: CreateKeySetRequest(
            origin: .random, purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: 0x31, owner: "sp", label: ""))
        var sets: [String] = []
        for _ in 0..<8 {
            let answer = try await with(running, domain, "tsm") { try await KeyVaultClient($0).batch(VaultBatch([VaultStep](repeating: step, count: 250))) }
            sets += answer.steps.compactMap(\.keySet?.id)
        }
        #expect(sets.count == 2000)
        var generation = 1
        // From the moment that it is asked for, in ever longer steps: while the file is staged, in the first transaction, among the rows, after the end.
        for delay in [0, 1, 2, 4, 7, 11, 16, 25, 40, 70, 150] {
            let (process, current) = (running.process, running)
            let killer = Task {
                try await Task.sleep(for: .milliseconds(delay))
                kill(process.processIdentifier, SIGKILL)
            }
            // Nobody may be left to answer.
            _ = try? await with(current, domain, "operator") { try await $0.call(.post, KeyVaultPaths.rotateRootKey, as: SealStatus.self) }
            try await killer.value
            process.waitUntilExit()
            running = try await start(domain, configuration)
            let status = try await with(running, domain, "operator") { try await $0.call(.get, KeyVaultPaths.seal, as: SealStatus.self) }
            #expect(!status.sealed && status.rotationFailure == nil)
            let now = try #require(status.generation)
            #expect(now == generation || now == generation + 1, "\(delay) ms: \(generation) became \(now)")
            generation = now
            for id in sets.shuffled().prefix(10) {
                var request = openRequest(id, version: 0x31, mode: .challenge)
                request.process = "kill"
                let opening = request
                _ = try await with(running, domain, "tsm") { try await KeyVaultClient($0).openChannel(opening) }
            }
            // Before the next change the one before has to be over.
            for _ in 0..<1000 {
                let status = try await with(running, domain, "operator") { try await $0.call(.get, KeyVaultPaths.seal, as: SealStatus.self) }
                if status.remaining == nil { break }
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(!FileManager.default.fileExists(atPath: domain.rootKeyFile + ".next"))
        }
        #expect(generation > 1)
        let verdict = try await with(running, domain, "operator") { try await $0.call(.get, KeyVaultPaths.auditVerification, as: AuditChainVerdict.self) }
        #expect(verdict.brokenAt == nil)
        kill(running.process.processIdentifier, SIGTERM)
        running.process.waitUntilExit()
        #expect(running.process.terminationStatus == 0)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
