import DeploymentDocument
import Foundation
import HTTP2
import KeyVaultAPI
import Logging
import SEIAPI
import ServiceKit
import ServiceLifecycle

/// `sp-tsm handset`: the TSM-API backend. It owns the life-cycle store and speaks to its vault, the provider plane's internal
/// interface and the issuers' SEI TSMs, nobody else.
public enum HandsetPlane: TSMSService {
    public static let name = "sp-tsm-handset"

    public static func build(configuration: HandsetConfiguration, resources: ServiceResources) async throws -> RunningService {
        let store = try resources.openStore(configuration.store, migrations: HandsetMigrations.all)
        let vault = KeyVaultClient(try resources.client(configuration.vault))
        let catalogue = RemoteCatalogue(client: try resources.client(configuration.catalogue), maximumStaleness: configuration.catalogueMaxStaleness.duration, logger: resources.logger)
        let issuers = IssuerDirectory(catalogue: catalogue) { descriptor in
            SEIClient(client: try IssuerConnection.client(descriptor, configuration.issuers, resources))
        }
        let engine = HandsetEngine(
            store: store, vault: vault, catalogue: catalogue, issuers: issuers,
            settings: HandsetSettings(lease: configuration.lease.value, proofOfCard: configuration.proofOfCard.value,
                                      issuerSecurityDomains: configuration.issuerSecurityDomains,
                                      acceptedUnprovenProfiles: Set(configuration.acceptedUnprovenProfiles), retentionDays: configuration.retentionDays),
            outbox: configuration.spos.settings, environment: resources.environment, logger: resources.logger)
        let delivery = try ResultDelivery(engine.outbox, catalogue: catalogue, configuration, resources)
        let integrity: any DeviceIntegrityCheck = switch configuration.deviceIntegrity {
        case .signedVerdict: SignedVerdictCheck(catalogue: catalogue, audience: configuration.tokens.audience, now: resources.environment.now, logger: resources.logger)
        case .none, .notChecked: NoDeviceIntegrityCheck()
        }
        let authenticator = HandsetAuthenticator(
            vault: vault, catalogue: catalogue, integrity: integrity,
            settings: HandsetAuthenticator.Settings(issuer: configuration.tokens.issuer, audience: configuration.tokens.audience, tokenLifetime: configuration.tokens.lifetime),
            environment: resources.environment)

        let router = ServiceRouter.make(ServiceRequestContext.self, listener: "handset", groups: [
            RouteGroup(HandsetConfiguration.gatewayGroup, allow: try configuration.listener.allowList(HandsetConfiguration.gatewayGroup)),
        ], environment: resources.environment)
        let routes = HandsetRoutes(engine: engine, authenticator: authenticator, drain: resources.drain)
        routes.add(to: router)
        routes.addSERAM(to: router)

        let operators = ServiceRouter.make(ServiceRequestContext.self, listener: "operator", groups: [
            RouteGroup(HandsetConfiguration.operatorGroup, prefix: "/operator/v1", allow: try configuration.operator.allowList(HandsetConfiguration.operatorGroup)),
        ], environment: resources.environment)
        HandsetOperatorRoutes.add(to: operators, engine: HandsetOperatorEngine(engine: engine) { (keySet: String) async throws(KeyVaultError) in
            try await vault.releaseAuthentications(.keySet(id: keySet))
        })

        resources.health.register("key-vault") { _ = try await vault.tokenKey(.handset) }
        resources.health.register("catalogue") { try await catalogue.refresh() }
        return RunningService(listeners: [ServiceListener("handset", configuration.listener, responder: router.buildResponder()),
                                          ServiceListener("operator", configuration.operator, responder: operators.buildResponder())],
                              background: [CatalogueFollower(catalogue: catalogue, logger: resources.logger), LeaseKeeper(engine: engine, logger: resources.logger), DeliveryKeeper(delivery: delivery, logger: resources.logger)],
                              atEnd: { await delivery.shutdown() })
    }
}

/// Once a second ends processes whose lease has run out and tells the vault what it has not heard; once an hour forgets what is old.
struct LeaseKeeper: ServiceLifecycle.Service {
    let engine: HandsetEngine
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var rounds = 0
            while !Task.isCancelled {
                do {
                    _ = try await engine.endExpiredDialogs()
                    try await engine.tellVault()
                    if rounds % 3600 == 0 { try await engine.forgetOld() }
                    rounds += 1
                } catch {
                    logger.error("housekeeping failed", metadata: ["error": "\(error)"])
                }
                do { try await Task.sleep(for: .seconds(1)) } catch { return }
            }
        }
    }
}
