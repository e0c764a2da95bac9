import HTTP2
import Hummingbird
import Identity
import KeyVaultAPI
import Logging
import ServiceKit

/// The provider plane of the SP TSM (TR-03165 4.1): the REST API, the only writer of the catalogue; beside it the internal interface
/// for the handset plane and the operator's listener. Each interface has a listener and an allow-list of its own.
public struct ProviderPlane: Sendable {
    /// Documents for the handset plane, also in process.
    public let `internal`: InternalEngine
    public let `operator`: OperatorEngine
    let engine: ProviderEngine
    private let prefix: String
    private let logger: Logger
    private let environment: ServiceEnvironment

    /// - Parameter prefix: where the REST API begins, without a slash at the end.
    public init(store: Store, vault: any KeyVault, tokens: TokenSettings, limits: ProviderLimits = ProviderLimits(), access: AccessLimits = AccessLimits(),
                notices: NoticeSettings = NoticeSettings(), prefix: String = "/sptsm/1.0", environment: ServiceEnvironment, logger: Logger) {
        let access = AccessGuard(access)
        engine = ProviderEngine(store: store, tokens: ShortTermTokens(settings: tokens, vault: vault),
                                environment: OperationEnvironment(service: environment, limits: limits), access: access, logger: logger)
        `internal` = InternalEngine(store: store)
        `operator` = OperatorEngine(store: store, environment: environment, notices: notices, access: access, ownTokenIssuer: tokens.issuer, logger: logger)
        self.prefix = prefix
        self.logger = logger
        self.environment = environment
    }

    /// Opens the catalogue of a directory.
    /// - Throws: ``StoreError``.
    public static func openStore(directory: String, logger: Logger) throws(StoreError) -> Store {
        try Store.open(directory: directory, migrations: CatalogueSchema.migrations, logger: logger)
    }

    /// The REST API, for the gateway alone: what the gateway says of its client is believed.
    public func publicRouter(gateway: AllowList) -> Router<ServiceRequestContext> {
        let router = ServiceRouter.make(listener: "public", groups: [RouteGroup("gateway", allow: gateway)], environment: environment)
        router.add(middleware: ProviderMiddleware(responder: ProviderResponder(prefix: prefix, engine: engine, logger: logger)))
        return router
    }

    public func internalRouter(handset: AllowList) -> Router<ServiceRequestContext> {
        let router = ServiceRouter.make(listener: "internal", groups: [RouteGroup("handset", prefix: "/internal/v1", methods: [.get], allow: handset)], environment: environment)
        InternalRoutes.add(to: router, engine: `internal`)
        return router
    }

    public func operatorRouter(operators: AllowList) -> Router<ServiceRequestContext> {
        let router = ServiceRouter.make(listener: "operator", groups: [RouteGroup("operator", prefix: "/operator/v1", allow: operators)], environment: environment)
        OperatorRoutes.add(to: router, engine: `operator`)
        return router
    }
}
