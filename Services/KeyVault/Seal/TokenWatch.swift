import ServiceKit
import ServiceLifecycle

/// Notices that a token is gone, and opens the vault when it is back.
struct TokenWatch: Service {
    let engine: VaultEngine
    let interval: Duration

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: interval)) != nil { await engine.watchToken() }
        }
    }
}
