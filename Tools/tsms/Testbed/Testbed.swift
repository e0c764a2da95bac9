import Foundation
import Identity
import ServiceKit

/// A testbed from nothing: domains, services, and everything that their operators enter before the first service provider comes.
struct Testbed: Sendable {
    struct Options: Sendable {
        var directory: String
        var binaries: String
        var publicHost = "127.0.0.1"
        /// The cards draw their SCP03 challenges at random.
        var randomChallenges = false
        var logLevel = "info"
        /// Where the demo service's applets are; nil: without demo service.
        var demoApplets: String?
        /// Of a process and of an issuer's dialog, in seconds.
        var lease = 60
        /// Value of GP tag 42 of the issuer's cards.
        var issuerIdentificationNumber = TestbedNames.defaultIssuerIdentificationNumber
        /// Where the keys that are made are written in the clear; nil: nowhere.
        var revealedKeys: String?
    }

    let description: TestbedDescription
    let launcher: Launcher

    /// - Throws: after stopping whatever was started.
    static func up(_ options: Options, console: Console) async throws -> Testbed {
        let layout = TestbedLayout(root: options.directory)
        guard !FileManager.default.fileExists(atPath: layout.description) else {
            throw ToolFailure("there is a testbed in \(layout.root) already; take it down first (tsms testbed down --dir \(layout.root)), then remove the directory")
        }
        let launcher = Launcher(binaries: options.binaries, logLevel: options.logLevel)
        do {
            return try await make(options, layout, launcher, console)
        } catch {
            _ = await Interruption.shielded { await launcher.stopAll() }
            throw error
        }
    }

    private static func make(_ options: Options, _ layout: TestbedLayout, _ launcher: Launcher, _ console: Console) async throws -> Testbed {
        let now = Date()
        try TestbedLayout.make(layout.root)
        try TestbedLayout.make(layout.published)
        let spTsm = try TrustDomain(name: "sp-tsm.example", directory: layout.spTsm("ca"), now: now)
        let clients = try TrustDomain(name: "clients.sp-tsm.example", directory: layout.spTsm("ca/service-providers"), now: now)
        let issuer = try TrustDomain(name: "issuer-1.example", directory: layout.issuer("ca"), now: now)
        let names = TestbedNames(issuerId: UUID().uuidString.lowercased(), profileId: UUID().uuidString.lowercased(),
                                 issuerIdentificationNumber: options.issuerIdentificationNumber)
        let operators = (spTsm: try spTsm.enroll("operator", in: layout.spTsm("operator")), issuer: try issuer.enroll("operator", in: layout.issuer("operator")))
        let published = (spTsm: layout.published + "/sp-tsm-ca.pem", issuer: layout.published + "/issuer-1-ca.pem")
        try AtomicFile.write(spTsm.authority.certificatePEM.utf8, to: published.spTsm, mode: AtomicFile.publicMode)
        try AtomicFile.write(issuer.authority.certificatePEM.utf8, to: published.issuer, mode: AtomicFile.publicMode)

        let services = TestbedServices(
            layout: layout, configurations: ServiceConfigurations(spTsm: spTsm, issuer: issuer, publicHost: options.publicHost, lease: options.lease, names: names),
            spTsmOperator: operators.spTsm, issuerOperator: operators.issuer, clientAnchors: layout.spTsm("ca/service-providers/ca.pem"))
        let running = try await services.start(with: launcher) { service in
            console.note("  \(service.definition.name) is ready (process \(service.pid))")
            console.object(["event": "ready", "service": service.definition.name])
        }

        let provisioning = Provisioning(layout: layout, names: names, running: running, spTsm: spTsm, clients: clients, issuer: issuer,
                                            spTsmOperator: operators.spTsm, issuerOperator: operators.issuer, randomChallenges: options.randomChallenges, revealedKeys: options.revealedKeys)
        let provisioned = try await provisioning.run()
        console.note("  keys, inventory, service providers and handsets are provisioned")
        let gatewayURL = "https://\(options.publicHost):"
        let (providerPort, handsetPort) = (try running.gatewayProvider.port("public"), try running.gatewayHandset.port("public"))
        var description = TestbedDescription(
            name: "testbed", directory: layout.root,
            gateway: .init(providerURL: "\(gatewayURL)\(providerPort)/sptsm/1.0", handsetURL: "\(gatewayURL)\(handsetPort)/tsm-api/v1",
                           seramURL: "\(gatewayURL)\(handsetPort)/gp/seram", ca: published.spTsm),
            serviceProviders: provisioned.serviceProviders,
            attestation: .init(tsmOid: names.tsmOID, certificate: provisioned.attestationCertificate),
            secureComponentProfiles: [provisioned.profile],
            issuers: [.init(id: names.issuerId, name: "issuer-1", seiURL: try provisioning.seiURL(), ca: published.issuer,
                            operatorCertificate: operators.issuer.certificate, operatorKey: operators.issuer.key)],
            operator: .init(url: try provisioning.operatorURL(), ca: published.spTsm, certificate: operators.spTsm.certificate, key: operators.spTsm.key),
            handsets: provisioned.handsets, demoService: nil, processes: try running.all.map { try $0.description() })
        if let applets = options.demoApplets {
            description.demoService = try await DemoServicePublication.publish(in: description, applets: applets)
            console.note("  the demo service is published")
        }
        try description.write()
        return Testbed(description: description, launcher: launcher)
    }
}
