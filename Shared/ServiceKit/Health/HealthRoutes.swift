import Hummingbird

/// `/health/live`, `/health/ready` and `/metrics`, for the private listener.
public struct HealthRoutes: Sendable {
    struct Report: Codable, Sendable, Hashable {
        let status: String
        let dependencies: [HealthRegistry.Finding]
    }

    private let health: HealthRegistry
    private let metrics: PrometheusRegistry

    public init(health: HealthRegistry, metrics: PrometheusRegistry) {
        self.health = health
        self.metrics = metrics
    }

    public func add(to router: some RouterMethods) {
        // Alive means: answers at all. A dependency's failure is no reason to restart the process.
        router.get("/health/live") { _, _ in try Response.json(["status": "live"]) }
        router.get("/health/ready") { _, _ in
            let findings = await health.findings()
            let isReady = findings.allSatisfy(\.ready)
            return try Response.json(Report(status: isReady ? "ready" : "notReady", dependencies: findings), status: isReady ? .ok : .serviceUnavailable)
        }
        router.get("/metrics") { _, _ in
            Response(status: .ok, headers: [.contentType: PrometheusText.contentType], body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text())))
        }
    }
}
