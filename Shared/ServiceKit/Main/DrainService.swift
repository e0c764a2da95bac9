import Logging
import ServiceLifecycle

/// The first to stop on SIGTERM: has new work refused and waits for what is under way, while the listeners still serve it.
struct DrainService: Service {
    let drain: DrainState
    let timeout: Duration
    let logger: Logger

    func run() async throws {
        try await gracefulShutdown()
        drain.begin()
        let open = drain.openCount
        if open > 0 { logger.notice("draining", metadata: ["open": "\(open)"]) }
        if await drain.waitUntilIdle(timeout: timeout) == false {
            logger.warning("work under way is left behind; it is reconciled after the next start", metadata: ["open": "\(drain.openCount)"])
        }
    }
}
