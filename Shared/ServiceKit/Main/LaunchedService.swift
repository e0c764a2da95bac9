import Foundation
import HTTP2
import Logging
import ServiceLifecycle

/// A service whose listeners are bound: says where, runs until it is told to stop, and cleans up.
public final class LaunchedService: Sendable {
    /// Name, process and the bound ports.
    public let endpoints: EndpointsFile
    public let resources: ServiceResources
    private let group: ServiceGroup
    private let endpointsPath: String?
    private let atEnd: @Sendable () async -> Void

    private init(endpoints: EndpointsFile, resources: ServiceResources, group: ServiceGroup, endpointsPath: String?, atEnd: @escaping @Sendable () async -> Void) {
        self.endpoints = endpoints
        self.resources = resources
        self.group = group
        self.endpointsPath = endpointsPath
        self.atEnd = atEnd
    }

    /// Builds the service, binds its listeners and writes the endpoints file.
    /// - Parameter signals: whether SIGTERM and SIGINT stop it; not in tests, where several services share a process.
    /// - Throws: what building throws, `HTTPServerError`, `TLSError`, ``ConfigurationError``. Nothing stays open then.
    public static func launch<Service: TSMSService>(
        _ type: Service.Type, configuration: Service.Configuration, options: ServiceOptions, environment: ServiceEnvironment = .system, signals: Bool
    ) async throws -> LaunchedService {
        let resources = ServiceResources(name: Service.name, environment: environment, isTestbed: options.isTestbed)
        do {
            let running = try await Service.build(configuration: configuration, resources: resources)
            let listeners = running.listeners + [try healthListener(configuration.health, resources)]
            var ports: [String: Int] = [:]
            var services: [ServiceGroupConfiguration.ServiceConfiguration] = running.background.map { .init(service: $0) }
            var started: [any StartableListener] = []
            for listener in listeners {
                guard ports[listener.name] == nil else { throw ConfigurationError(.invalidValue, path: "", reason: "two listeners are named \(listener.name)") }
                let server = try make(listener, resources)
                ports[listener.name] = try await server.start()
                started.append(server)
                services.append(.init(service: server, serviceName: "listener \(listener.name)"))
            }
            services.append(.init(service: resources.certificates, serviceName: "certificate watch"))
            let drain = DrainService(drain: resources.drain, timeout: configuration.drainTimeout.duration, logger: resources.logger)
            // Stopped in reverse order: the drain first, while the listeners still serve what is under way.
            services.append(.init(service: drain, successTerminationBehavior: .ignore, serviceName: "drain"))
            var groupConfiguration = ServiceGroupConfiguration(services: services, gracefulShutdownSignals: signals ? [.sigterm, .sigint] : [], logger: resources.logger)
            groupConfiguration.maximumGracefulShutdownDuration = configuration.drainTimeout.duration + .seconds(60)

            let endpoints = EndpointsFile(name: Service.name, pid: ProcessInfo.processInfo.processIdentifier, listeners: ports)
            let path = options.readyFile ?? configuration.storeDirectory.map { $0 + "/" + EndpointsFile.name }
            if let path { try endpoints.write(to: path) }
            return LaunchedService(endpoints: endpoints, resources: resources, group: ServiceGroup(configuration: groupConfiguration), endpointsPath: path, atEnd: running.atEnd)
        } catch {
            // The process ends with this error (or the test does): what was opened must not stay locked.
            try? await resources.close()
            throw error
        }
    }

    /// Serves until a signal or ``stop()``; returns when everything has stopped and the stores are closed.
    /// - Throws: what a listener or background service failed with.
    public func run() async throws {
        resources.logger.notice(
            "serving", metadata: ["listeners": .dictionary(endpoints.listeners.mapValues { "\($0)" }), "testbed": "\(resources.isTestbed)"])
        var failure: (any Error)?
        do {
            try await group.run()
        } catch {
            failure = error
        }
        resources.drain.begin()
        await atEnd()
        if let endpointsPath { try? FileManager.default.removeItem(atPath: endpointsPath) }
        do {
            try await resources.close()
        } catch {
            failure = failure ?? error
        }
        resources.logger.notice("stopped")
        if let failure { throw failure }
    }

    /// What SIGTERM does.
    public func stop() async { await group.triggerGracefulShutdown() }

    private static func make(_ listener: ServiceListener, _ resources: ServiceResources) throws -> any StartableListener {
        let configuration = listener.configuration
        let server = HTTPServerConfiguration(
            host: configuration.host, port: configuration.port, credentials: try resources.credentials(configuration.tls),
            clientCertificates: configuration.clientCertificates, acceptsHTTP1: configuration.acceptsHTTP1, now: resources.environment.now)
        var logger = resources.logger
        logger[metadataKey: "listener"] = "\(listener.name)"
        return try listener.make(server, resources.eventLoopGroup, logger)
    }

    private static func healthListener(_ configuration: ListenerConfiguration, _ resources: ServiceResources) throws -> ServiceListener {
        try configuration.requireGroups(["health", "metrics"], path: "health")
        let router = ServiceRouter.make(
            listener: "health",
            groups: [
                RouteGroup("health", prefix: "/health", methods: [.get], allow: try configuration.allowList("health")),
                RouteGroup("metrics", prefix: "/metrics", methods: [.get], allow: try configuration.allowList("metrics")),
            ], environment: resources.environment)
        HealthRoutes(health: resources.health, metrics: resources.metrics).add(to: router)
        return ServiceListener("health", configuration, responder: router.buildResponder())
    }
}
