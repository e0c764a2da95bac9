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
        /// Service providers have an online service, and the demo service's results go there.
        var withSPOS = false
        /// 1, or 2: another issuer, with cards of another kind.
        var issuers = 1
        /// Value of GP tag 42 of the first issuer's cards.
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
        let issuers = try TestbedIssuer.make(options, layout: layout, now: now)
        let names = issuers[0].names
        let spTsmOperator = try spTsm.enroll("operator", in: layout.spTsm("operator"))
        let publishedCA = layout.published + "/sp-tsm-ca.pem"
        try AtomicFile.write(spTsm.authority.certificatePEM.utf8, to: publishedCA, mode: AtomicFile.publicMode)

        var online: TrustDomain?
        if options.withSPOS {
            let domain = try TrustDomain(name: "online.example", directory: layout.onlineServices + "/ca", now: now)
            try AtomicFile.write(domain.authority.certificatePEM.utf8, to: layout.published + "/online-ca.pem", mode: AtomicFile.publicMode)
            online = domain
        }
        let services = TestbedServices(
            layout: layout, configurations: ServiceConfigurations(spTsm: spTsm, issuer: issuers[0].domain, publicHost: options.publicHost, lease: options.lease, names: names),
            spTsmOperator: spTsmOperator, issuers: issuers, clientAnchors: layout.spTsm("ca/service-providers/ca.pem"), online: online)
        let running = try await services.start(with: launcher) { service in
            console.note("  \(service.definition.name) is ready (process \(service.pid))")
            console.object(["event": "ready", "service": service.definition.name])
        }

        let provisioning = Provisioning(layout: layout, names: names, running: running, spTsm: spTsm, clients: clients, spTsmOperator: spTsmOperator,
                                        revealedKeys: options.revealedKeys)
        let provisioned = try await provisioning.run()
        console.note("  keys, inventory, service providers and handsets are provisioned")
        let gatewayURL = "https://\(options.publicHost):"
        let (providerPort, handsetPort) = (try running.gatewayProvider.port("public"), try running.gatewayHandset.port("public"))
        var description = TestbedDescription(
            name: "testbed", directory: layout.root,
            gateway: .init(providerURL: "\(gatewayURL)\(providerPort)/sptsm/1.0", handsetURL: "\(gatewayURL)\(handsetPort)/tsm-api/v1",
                           seramURL: "\(gatewayURL)\(handsetPort)/gp/seram", ca: publishedCA),
            serviceProviders: provisioned.serviceProviders,
            attestation: .init(tsmOid: names.tsmOID, certificate: provisioned.attestationCertificate),
            secureComponentProfiles: provisioned.profiles,
            issuers: try running.issuers.map { running in
                let issuer = running.issuer
                return .init(id: issuer.names.issuerId, name: issuer.name, seiURL: try running.seiURL(), ca: issuer.publishedCA,
                             operatorCertificate: issuer.operatorFiles.certificate, operatorKey: issuer.operatorFiles.key)
            },
            operator: .init(url: try provisioning.operatorURL(), ca: publishedCA, certificate: spTsmOperator.certificate, key: spTsmOperator.key),
            handsetOperator: .init(url: "https://127.0.0.1:\(try running.handset.port("operator"))/operator/v1", ca: publishedCA,
                                   certificate: spTsmOperator.certificate, key: spTsmOperator.key),
            handsets: provisioned.handsets, demoService: nil, processes: try running.all.map { try $0.description() })
        if let spos = running.spos {
            for index in description.serviceProviders.indices {
                description.serviceProviders[index].spos.url = "https://127.0.0.1:\(try spos.port("spos"))/\(TestbedLayout.onlinePath(index + 1))"
                description.serviceProviders[index].spos.ca = layout.published + "/online-ca.pem"
            }
        }
        if let applets = options.demoApplets {
            description.demoService = try await DemoServicePublication.publish(in: description, applets: applets)
            console.note("  the demo service is published")
        }
        try description.write()
        return Testbed(description: description, launcher: launcher)
    }
}
