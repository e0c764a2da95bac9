import Cryptography
import Foundation
import Hummingbird
import KeyVaultAPI
import Logging
import ServiceKit
import ServiceLifecycle

/// The key vault as a process.
public enum VaultService: TSMSService {
    public static let name = "key-vault"

    public static func build(configuration: VaultConfiguration, resources: ServiceResources) async throws -> RunningService {
        let environment = VaultEnvironment(
            now: resources.environment.now, uuid: resources.environment.uuid, publicRandom: SystemRandom(), keyRandom: SystemRandom.forKeys)
        let store = try resources.openStore(configuration.store, migrations: VaultEngine.migrations)
        let engine = try await VaultEngine.open(
            store: store, source: try configuration.rootKey.source(), settings: configuration.settings, environment: environment,
            logger: resources.logger)
        resources.health.register("vault") { try await engine.checkHealth() }
        let everybody = try configuration.roles.allowList()
        let router = ServiceRouter.make(
            listener: "vault",
            groups: [RouteGroup("vault", prefix: KeyVaultPaths.base, allow: everybody), RouteGroup("openapi", prefix: "/openapi.yaml", methods: [.get], allow: everybody)],
            environment: resources.environment)
        VaultRoutes(engine: engine, roles: configuration.roles).add(to: router)
        router.get("/openapi.yaml") { _, _ in APIDocument.keyVault.response }
        return RunningService(
            listeners: [ServiceListener("vault", configuration.listener, responder: router.buildResponder())],
            background: [Housekeeping(engine: engine, interval: .seconds(3600)), TokenWatch(engine: engine, interval: .seconds(5))],
            atEnd: { await engine.end() })
    }
}

/// Lets go what has expired, from time to time.
struct Housekeeping: Service {
    let engine: VaultEngine
    let interval: Duration

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: interval)) != nil {
                do {
                    try await engine.forgetWhatExpired()
                } catch {
                    engine.logger.error("what has expired could not be let go", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
