import Hummingbird
import KeyVaultAPI
import SEIAPI
import ServiceKit
import ServiceLifecycle

/// The SEI TSM as a process.
public enum SEITSM: TSMSService {
    public static let name = "sei-tsm"

    public static func build(configuration: SEITSMConfiguration, resources: ServiceResources) async throws -> RunningService {
        let vault = KeyVaultClient(try resources.client(configuration.keyVault))
        let store = try resources.openStore(configuration.store, migrations: Schema.migrations)
        let engine = SEIEngine(vault: vault, store: store, environment: resources.environment, settings: configuration.settings, logger: resources.logger)
        resources.health.register("key-vault") { _ = try await vault.namedKeys() }
        let router = try SEIRoutes.router(engine: engine, operators: try configuration.listener.allowList("operator"), drain: resources.drain)
        return RunningService(
            listeners: [ServiceListener("sei", configuration.listener, responder: router.buildResponder())],
            background: [Housekeeping(engine: engine, interval: .seconds(10))])
    }
}

/// Ends overdue dialogs and does what is left to do, from time to time and once at the start.
struct Housekeeping: Service {
    let engine: SEIEngine
    let interval: Duration

    func run() async throws {
        await cancelWhenGracefulShutdown {
            repeat {
                do {
                    try await engine.housekeep()
                } catch {
                    engine.logger.error("housekeeping", metadata: ["error": "\(error)"])
                }
            } while (try? await Task.sleep(for: interval)) != nil
        }
    }
}
