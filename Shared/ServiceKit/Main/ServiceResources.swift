import GRDB
import HTTP2
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// What a service is given to build itself from.
public final class ServiceResources: Sendable {
    public let environment: ServiceEnvironment
    public let logger: Logger
    public let health: HealthRegistry
    public let metrics: PrometheusRegistry
    public let drain: DrainState
    public let isTestbed: Bool
    public let eventLoopGroup: any EventLoopGroup
    let certificates: CertificateWatch
    private let stores = Mutex<[Store]>([])
    private let clients = Mutex<[HTTPClient]>([])

    public init(
        name: String, environment: ServiceEnvironment = .system, isTestbed: Bool, metrics: PrometheusRegistry = .process,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        self.environment = environment
        self.isTestbed = isTestbed
        self.metrics = metrics
        self.eventLoopGroup = eventLoopGroup
        logger = Logger(label: name)
        drain = DrainState()
        health = HealthRegistry(drain: drain)
        certificates = CertificateWatch(environment: environment, isTestbed: isTestbed, logger: logger)
    }

    /// Opens the service's store; it is closed when the service has stopped, and the health check `store` reads from it.
    /// - Throws: ``StoreError``.
    public func openStore(_ configuration: StoreConfiguration, migrations: DatabaseMigrator) throws(StoreError) -> Store {
        let store = try Store.open(directory: configuration.directory, migrations: migrations, logger: logger)
        stores.withLock { $0.append(store) }
        health.register("store") { _ = try await store.read { try Int.fetchOne($0, sql: "SELECT 1") } }
        return store
    }

    /// Certificates, key and trust anchors, reloaded when the files change.
    /// - Throws: `TLSError`.
    public func credentials(_ configuration: TLSConfiguration) throws -> TLSCredentials {
        try certificates.credentials(configuration)
    }

    /// A client of another service; it connects on demand and is shut down when the service has stopped. Whether its absence makes this
    /// service unready is the service's to say (``HealthRegistry/register(_:timeout:check:)``).
    /// - Throws: `TLSError`.
    public func client(_ configuration: PeerConfiguration) throws -> JSONClient {
        let client = HTTPClient(
            origin: configuration.url, credentials: try credentials(configuration.tls), expectation: configuration.expectation,
            configuration: HTTPClientConfiguration(now: environment.now), eventLoopGroup: eventLoopGroup, logger: logger)
        clients.withLock { $0.append(client) }
        return JSONClient(sender: client, url: configuration.url, timeout: configuration.timeout.duration, environment: environment)
    }

    /// Closes what was opened here, in reverse order.
    /// - Throws: the first error; all are tried.
    func close() async throws {
        for client in clients.withLock({ $0 }) { await client.shutdown() }
        var failure: (any Error)?
        for store in stores.withLock({ $0 }).reversed() {
            do {
                try await store.close()
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }
}
