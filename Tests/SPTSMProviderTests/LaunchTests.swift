import DeploymentDocument
import Foundation
import HTTP2
import HTTPTypes
import Hummingbird
import Identity
import KeyVaultAPI
import Logging
import ServiceKit
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// The plane as a process has it: listeners with mutual TLS, a key vault at the other end of HTTP/2.
@Suite struct LaunchTests {
    private struct Domain {
        let directory = NSTemporaryDirectory() + "provider-domain-" + UUID().uuidString
        let authority: CertificateAuthority

        init() throws {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            authority = try Plane.authority()
            try AtomicFile.write(Array(authority.certificatePEM.utf8), to: directory + "/ca.pem", mode: AtomicFile.publicMode)
        }

        func name(_ name: String) -> String { "spiffe://sp-tsm.example/\(name)" }

        func tls(_ name: String) throws -> TLSConfiguration {
            let (certificate, key) = ("\(directory)/\(name).pem", "\(directory)/\(name).key")
            try authority.issue(.workload(try SPIFFEID(self.name(name))), now: Date()).write(certificate: certificate, privateKey: key)
            return TLSConfiguration(certificate: certificate, key: key, trustAnchors: directory + "/ca.pem")
        }

        func peer(as client: String, port: Int, path: String = "", server: String) throws -> PeerConfiguration {
            PeerConfiguration(url: try #require(URL(string: "https://127.0.0.1:\(port)\(path)")), tls: try tls(client), expect: try AllowedPeer(name(server)))
        }

        func listener(_ group: String, _ allowed: String) throws -> String {
            let tls = try tls("sp-tsm-provider")
            return "{port: 0, tls: {certificate: \(tls.certificate), key: \(tls.key.path), trustAnchors: \(directory)/ca.pem}, allow: {\(group): [\"\(name(allowed))\"]}}"
        }
    }

    /// The two routes of a key vault that the provider plane uses.
    private static func vaultRouter(_ vault: FakeVault) -> Router<ServiceRequestContext> {
        let router = Router(context: ServiceRequestContext.self)
        router.post("/vault/v1/access-tokens") { request, _ in
            try Response.json(try await vault.accessToken(try await request.decodeJSON(AccessTokenRequest.self)))
        }
        router.get("/vault/v1/token-keys/provider") { _, _ in try Response.json(try await vault.tokenKey(.provider)) }
        return router
    }

    @Test func providerIsSetUpAndServedOverTheWire() async throws {
        let domain = try Domain()
        defer { try? FileManager.default.removeItem(atPath: domain.directory) }
        let clients = ServiceResources(name: "test", isTestbed: true)
        let vault = FakeVault(now: { Date() })
        let vaultServer = HTTPServer(configuration: HTTPServerConfiguration(credentials: try clients.credentials(try domain.tls("key-vault"))),
                                     responder: Self.vaultRouter(vault).buildResponder(), logger: Logger(label: "vault") { _ in SwiftLogNoOpLogHandler() })
        let vaultPort = try await vaultServer.start()
        let tls = try domain.tls("sp-tsm-provider")
        let configuration = try StrictYAML.decode(ProviderPlaneConfiguration.self, from: """
            logging: {level: critical}
            store: {directory: \(domain.directory)/store}
            health: {port: 0, tls: {certificate: \(tls.certificate), key: \(tls.key.path), trustAnchors: \(domain.directory)/ca.pem}, allow: {health: ["\(domain.name("operator"))"], metrics: ["\(domain.name("operator"))"]}}
            listeners:
              public: \(try domain.listener("gateway", "gateway-provider"))
              internal: \(try domain.listener("handset", "sp-tsm-handset"))
              operator: \(try domain.listener("operator", "operator"))
            vault: {url: "https://127.0.0.1:\(vaultPort)/vault/v1", tls: {certificate: \(tls.certificate), key: \(tls.key.path), trustAnchors: \(domain.directory)/ca.pem}, expect: "\(domain.name("key-vault"))"}
            tokens: {issuer: "\(vault.issuer)", audience: \(vault.audience)}
            """)
        let service = try await LaunchedService.launch(ProviderPlane.self, configuration: configuration, options: ServiceOptions(isTestbed: true), signals: false)
        let run = Task { try await service.run() }
        let ports = service.endpoints.listeners
        func client(_ name: String, _ listener: String) throws -> JSONClient {
            try clients.client(try domain.peer(as: name, port: try #require(ports[listener]), server: "sp-tsm-provider"))
        }
        do {
            let operators = try client("operator", "operator")
            let provider = try await operators.call(.post, "/operator/v1/service-providers", body: OperatorAPI.NewServiceProvider(name: "P", aidPrefixes: [.init([0xF0, 0x54, 0x53, 0x4D, 0x53])]), as: OperatorAPI.ServiceProviderRecord.self)
            let token = try await operators.call(.post, "/operator/v1/service-providers/\(provider.id)/tokens", body: OperatorAPI.NewToken(label: "t"), as: OperatorAPI.IssuedToken.self)
            #expect(try await client("operator", "health").exchange(.get, "/health/ready", bytes: nil, contentType: nil).status == .ok)

            let gateway = try client("gateway-provider", "public")
            let short = try await gateway.call(.post, "/sptsm/1.0/auth", headers: [.authorization: token.longTermToken], as: String.self)
            let account = try await gateway.call(.get, "/sptsm/1.0/serviceproviders/current", headers: [.authorization: "Bearer \(short)"], as: ServiceProvider.self)
            #expect(account == ServiceProvider(id: provider.id, name: "P"))

            // Far too large: refused with an answer, not with a reset; unauthenticated: refused without the body being read.
            let large = Part.encode([.file("elfFile", Array(repeating: 7, count: 3_000_000))])
            for (authorization, status) in [("Bearer \(short)", 400), ("Bearer x", 401)] {
                do throws(RemoteError) {
                    _ = try await gateway.exchange(.post, "/sptsm/1.0/executable-load-files", bytes: large, contentType: "multipart/form-data; boundary=\(Part.boundary)",
                                                   headers: [.authorization: authorization])
                    Issue.record("\(status) was expected")
                } catch {
                    #expect(error.status == status, "\(error)")
                }
            }
            if let cap = try? Applets.archive("bulk-1.0-jc304.cap") {
                let answer = try await gateway.exchange(.post, "/sptsm/1.0/executable-load-files", bytes: Part.encode([.file("elfFile", cap)]),
                                                        contentType: "multipart/form-data; boundary=\(Part.boundary)", headers: [.authorization: "Bearer \(short)"])
                let elf = try WireJSON.decode(CAP.self, from: answer.body)
                let binary = try await gateway.exchange(.get, "/sptsm/1.0/executable-load-files/\(elf.id)/binary", bytes: nil, contentType: nil, headers: [.authorization: "Bearer \(short)"])
                #expect(binary.body == cap)
            }
            let feed = try await client("sp-tsm-handset", "internal").call(.get, "/internal/v1/revisions?after=0", as: RevisionFeed.self)
            #expect(feed.current > 0)
            for (name, listener, path) in [("gateway-provider", "internal", "/internal/v1/revisions"), ("sp-tsm-handset", "operator", "/operator/v1/issuers"), ("operator", "public", "/sptsm/1.0/services")] {
                do throws(RemoteError) {
                    _ = try await (try? client(name, listener))?.exchange(.get, path, bytes: nil, contentType: nil)
                    Issue.record("\(name) must not reach \(listener)")
                } catch {
                    #expect(error.status == 403)
                }
            }
        } catch {
            Issue.record(error)
        }
        await service.stop()
        try await run.value
        await vaultServer.shutdown()
    }
}
