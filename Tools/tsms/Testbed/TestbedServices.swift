import Cryptography
import Foundation
import Identity

/// The services of a testbed in the order in which they depend on each other: vaults, SEI TSM, the SP TSM's planes, gateways.
struct TestbedServices: Sendable {
    let layout: TestbedLayout
    let configurations: ServiceConfigurations
    let spTsmOperator: CredentialFiles
    let issuers: [TestbedIssuer]
    /// Root of the service providers' client certificates.
    let clientAnchors: String
    /// Of the service providers' online services; nil: there are none.
    let online: TrustDomain?

    private var spTsm: TrustDomain { configurations.spTsm }

    struct Running: Sendable {
        let spTsmVault: StartedService
        let issuers: [RunningIssuer]
        let provider: StartedService
        let handset: StartedService
        let gatewayProvider: StartedService
        let gatewayHandset: StartedService
        let spos: StartedService?

        var all: [StartedService] { [spTsmVault] + issuers.flatMap { [$0.vault, $0.seiTSM] } + [provider, handset, gatewayProvider, gatewayHandset] + (spos.map { [$0] } ?? []) }
    }

    /// - Parameter started: told of each service as soon as it is ready.
    func start(with launcher: Launcher, started: @Sendable (StartedService) -> Void) async throws -> Running {
        func start(_ definition: ServiceDefinition) async throws -> StartedService {
            let service = try await launcher.start(definition)
            started(service)
            return service
        }
        let spTsmVault = try await start(try vault(spTsm, "sp-tsm-key-vault", layout.spTsm("key-vault"), spTsmOperator, configurations.spTsmVault))
        var running: [RunningIssuer] = []
        for issuer in issuers {
            let configurations = configurations.of(issuer)
            let vault = try await start(try vault(issuer.domain, "\(issuer.name)-key-vault", layout.issuer("key-vault", issuer.number), issuer.operatorFiles, configurations.issuerVault))
            running.append(RunningIssuer(issuer: issuer, vault: vault, seiTSM: try await start(try seiTSM(of: issuer, configurations, vaultPort: vault.port("vault")))))
        }
        let provider = try await start(try provider(vaultPort: spTsmVault.port("vault")))
        let handset = try await start(try handset(vaultPort: spTsmVault.port("vault"), cataloguePort: provider.port("internal")))
        let gatewayProvider = try await start(try gateway("gateway-provider", plane: "provider", role: "sp-tsm-provider", upstreamPort: provider.port("public")))
        let gatewayHandset = try await start(try gateway("gateway-handset", plane: "handset", role: "sp-tsm-handset", upstreamPort: handset.port("handset")))
        var spos: StartedService?
        if let online { spos = try await start(try onlineServices(online)) }
        return Running(spTsmVault: spTsmVault, issuers: running, provider: provider, handset: handset,
                       gatewayProvider: gatewayProvider, gatewayHandset: gatewayHandset, spos: spos)
    }

    private func vault(_ domain: TrustDomain, _ name: String, _ directory: String, _ operatorFiles: CredentialFiles,
                       _ configuration: (CredentialFiles, String) throws -> YAML) throws -> ServiceDefinition {
        let files = try domain.enroll("key-vault", in: directory)
        // Without it the vault would start sealed.
        let root = try SecretBytes.random(count: 32, using: SystemRandom.forKeys)
        try AtomicFile.write(root.withUnsafeBytes { [UInt8]($0) }, to: directory + "/root.key", mode: AtomicFile.secretMode)
        return ServiceDefinition(name: name, executable: "key-vault", subcommand: [], directory: directory, identity: try domain.identity("key-vault"),
                                 operatorFiles: operatorFiles, configuration: try configuration(files, directory))
    }

    private func seiTSM(of issuer: TestbedIssuer, _ configurations: ServiceConfigurations, vaultPort: Int) throws -> ServiceDefinition {
        let directory = layout.issuer("sei-tsm", issuer.number)
        let files = try issuer.domain.enroll("sei-tsm", in: directory)
        let anchors = directory + "/clients-ca.pem"
        try TrustDomain.writeAnchors([issuer.domain, spTsm], to: anchors)
        return ServiceDefinition(
            name: "\(issuer.name)-sei-tsm", executable: "sei-tsm", subcommand: [], directory: directory, identity: try issuer.domain.identity("sei-tsm"),
            operatorFiles: issuer.operatorFiles, configuration: try configurations.seiTSM(files, directory: directory, vaultPort: vaultPort, clientAnchors: anchors))
    }

    private func provider(vaultPort: Int) throws -> ServiceDefinition {
        let directory = layout.spTsm("provider")
        let files = try spTsm.enroll("sp-tsm-provider", in: directory)
        return ServiceDefinition(
            name: "sp-tsm-provider", executable: "sp-tsm", subcommand: ["provider"], directory: directory, identity: try spTsm.identity("sp-tsm-provider"),
            operatorFiles: spTsmOperator, configuration: try configurations.provider(files, directory: directory, vaultPort: vaultPort))
    }

    private func handset(vaultPort: Int, cataloguePort: Int) throws -> ServiceDefinition {
        let directory = layout.spTsm("handset")
        let files = try spTsm.enroll("sp-tsm-handset", in: directory)
        return ServiceDefinition(
            name: "sp-tsm-handset", executable: "sp-tsm", subcommand: ["handset"], directory: directory, identity: try spTsm.identity("sp-tsm-handset"),
            operatorFiles: spTsmOperator,
            configuration: try configurations.handset(files, directory: directory, vaultPort: vaultPort, cataloguePort: cataloguePort))
    }

    private func onlineServices(_ domain: TrustDomain) throws -> ServiceDefinition {
        let directory = layout.onlineServices
        let files = try spTsm.enroll("spos", in: directory)
        let own = CredentialFiles(directory: directory, name: "online")
        try domain.authority.issue(CertificateProfile(commonName: "online services", organization: domain.name, purpose: .server, ipAddresses: [CertificateProfile.loopbackAddress]), now: domain.now)
            .write(certificate: own.certificate, privateKey: own.key)
        let inboxes = configurations.names.aidPrefixes.indices.map { (TestbedLayout.onlinePath($0 + 1), layout.sposInbox($0 + 1)) }
        return ServiceDefinition(
            name: "spos", executable: "tsms", subcommand: ["spos", "serve"], directory: directory, identity: try spTsm.identity("spos"), operatorFiles: spTsmOperator,
            configuration: try configurations.spos(files, public: own, inboxes: inboxes))
    }

    private func gateway(_ name: String, plane: String, role: String, upstreamPort: Int) throws -> ServiceDefinition {
        let directory = layout.spTsm(name)
        let files = try spTsm.enroll(name, in: directory, host: configurations.publicHost == "127.0.0.1" ? nil : configurations.publicHost)
        var anchors: String?
        if plane == "provider" {
            // A copy: the gateway reads nothing outside its own directory.
            let own = directory + "/clients-ca.pem"
            try AtomicFile.write(try Programs.read(clientAnchors), to: own, mode: AtomicFile.publicMode)
            anchors = own
        }
        return ServiceDefinition(
            name: name, executable: "gateway", subcommand: [], directory: directory, identity: try spTsm.identity(name), operatorFiles: spTsmOperator,
            configuration: try configurations.gateway(files, plane: plane, role: role, upstreamPort: upstreamPort, clientAnchors: anchors))
    }
}
