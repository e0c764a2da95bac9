import Foundation
import HTTP2
import Identity
import KeyVaultAPI
import KeyVaultService
import ServiceKit
import Testing

/// A trust domain with a running key vault in it, as a process would run it, and clients with certificates of their own.
final class VaultDomain: Sendable {
    let directory: String
    let root: CertificateAuthority

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("key-vault-domain-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        root = try CertificateAuthority(name: "Test Root", testMarker: true, now: Date())
        try Data(root.certificatePEM.utf8).write(to: URL(fileURLWithPath: directory + "/ca.pem"))
        for name in ["vault", "tsm", "provider", "operator", "reader", "stranger", "custodian"] {
            try root.issue(.workload(SPIFFEID("spiffe://test.example/\(name)")), now: Date())
                .write(certificate: "\(directory)/\(name).pem", privateKey: "\(directory)/\(name).key")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    var rootKeyFile: String { directory + "/root.key" }

    /// - Parameter rootKey: the lines that say where the root key is; nil: a file.
    func yaml(extra: String = "", rootKey: String? = nil) -> String {
        let rootKey = rootKey ?? "rootKeyFile: \(rootKeyFile)"
        let tls = "tls: {certificate: \(directory)/vault.pem, key: \(directory)/vault.key, trustAnchors: \(directory)/ca.pem}"
        return """
            logging: {level: critical}
            health: {port: 0, \(tls), allow: {health: ["spiffe://test.example/operator"], metrics: ["spiffe://test.example/operator"]}}
            listener: {port: 0, \(tls)}
            store: {directory: \(directory)/store}
            \(rootKey)
            roles:
              "spiffe://test.example/tsm": [channelOpener, handsetTokenSigner]
              "spiffe://test.example/provider": [providerTokenSigner]
              "spiffe://test.example/operator": [operator]
              "spiffe://test.example/reader": [reader]
              "spiffe://test.example/custodian": [custodian]
            tokens: {issuer: "https://vault.example", audiences: {provider: "https://p.example", handset: "https://h.example"}, lifetimes: {handset: 60}}
            tsmOid: "1.3.6.1.4.1.99999.1"
            \(extra)
            """
    }

    func configuration(extra: String = "", rootKey: String? = nil) throws -> VaultConfiguration {
        try StrictYAML.decode(VaultConfiguration.self, from: yaml(extra: extra, rootKey: rootKey))
    }

    struct Running: Sendable {
        let domain: VaultDomain
        let service: LaunchedService
        let resources: ServiceResources

        func client(_ name: String, listener: String = "vault", base: String = KeyVaultPaths.base) throws -> JSONClient {
            let port = try #require(service.endpoints.listeners[listener])
            let files = domain.directory
            return try resources.client(
                PeerConfiguration(
                    url: try #require(URL(string: "https://127.0.0.1:\(port)\(base)")),
                    tls: TLSConfiguration(certificate: "\(files)/\(name).pem", key: "\(files)/\(name).key", trustAnchors: "\(files)/ca.pem"),
                    expect: .spiffe(try SPIFFEID("spiffe://test.example/vault")), timeout: Seconds(20)))
        }

        func vault(_ name: String) throws -> KeyVaultClient { KeyVaultClient(try client(name)) }
    }

    /// Runs the service around a body and stops it in order, whatever the body does.
    static func withVault(initialised: Bool = true, extra: String = "", rootKey: String? = nil, _ body: @Sendable (Running) async throws -> Void) async throws {
        let domain = try VaultDomain()
        let configuration = try domain.configuration(extra: extra, rootKey: rootKey)
        if initialised { try VaultInitialisation.run(configuration) }
        let service = try await LaunchedService.launch(VaultService.self, configuration: configuration, options: ServiceOptions(isTestbed: true), signals: false)
        let run = Task { try await service.run() }
        do {
            try await body(Running(domain: domain, service: service, resources: service.resources))
        } catch {
            Issue.record(error)
        }
        await service.stop()
        try await run.value
    }
}
