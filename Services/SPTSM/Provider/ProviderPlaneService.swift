import KeyVaultAPI
import ServiceKit

/// The provider plane as a process: `sp-tsm provider`.
extension ProviderPlane: TSMSService {
    public static var name: String { "sp-tsm-provider" }

    public static func build(configuration: ProviderPlaneConfiguration, resources: ServiceResources) async throws -> RunningService {
        let store = try resources.openStore(configuration.store, migrations: CatalogueSchema.migrations)
        let vault = KeyVaultClient(try resources.client(configuration.vault))
        let plane = ProviderPlane(store: store, vault: vault, tokens: configuration.tokens, limits: configuration.limits, access: configuration.access,
                                  notices: configuration.notices, prefix: configuration.prefix, environment: resources.environment, logger: resources.logger)
        // Without the vault no caller can be told from another: the plane is of no use then.
        resources.health.register("key-vault") { _ = try await vault.tokenKey(.provider) }
        let listeners = configuration.listeners
        return RunningService(listeners: [
            ServiceListener("public", listeners.public, responder: plane.publicRouter(gateway: try listeners.public.allowList("gateway")).buildResponder()),
            ServiceListener("internal", listeners.internal, responder: plane.internalRouter(handset: try listeners.internal.allowList("handset")).buildResponder()),
            ServiceListener("operator", listeners.operator, responder: plane.operatorRouter(operators: try listeners.operator.allowList("operator")).buildResponder()),
        ], background: [CatalogueSizeReport(store: store, interval: .seconds(60), logger: resources.logger)])
    }
}
