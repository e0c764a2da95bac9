import Logging
import ServiceKit
import ServiceLifecycle

/// Reads the revision feed again and again: what the service provider withdraws and the operator closes is known within a second while the provider
/// plane answers, also where no request asks for it; and how long it has been away is known from the moment that it went.
struct CatalogueFollower: ServiceLifecycle.Service {
    /// With the way there and back less than a second.
    static let interval = Duration.milliseconds(500)

    let catalogue: RemoteCatalogue
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isAway = false
            while !Task.isCancelled {
                do throws(RemoteError) {
                    try await catalogue.readFeed()
                    if isAway { logger.notice("the provider plane answers again") }
                    isAway = false
                } catch {
                    // Said once: what follows from it, each process says for itself.
                    if !isAway { logger.warning("the provider plane does not answer", metadata: ["error": "\(error)"]) }
                    isAway = true
                }
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
    }
}
