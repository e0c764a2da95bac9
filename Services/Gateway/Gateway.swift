import Foundation
import HTTP2
import Logging
import ServiceKit

/// The only door to a plane from outside: stream to stream, nothing else reachable.
public enum Gateway: TSMSService {
    public static let name = "gateway"

    public static func build(configuration: GatewayConfiguration, resources: ServiceResources) async throws -> RunningService {
        let policy = GatewayPolicy(configuration)
        let log = AccessLog(logger: resources.logger)
        guard let origin = Self.origin(of: configuration.upstream.url) else {
            throw ConfigurationError(.invalidValue, path: "upstream.url", reason: "has no host")
        }
        let upstream = ForwardingUpstream(origin: origin, credentials: try resources.credentials(configuration.upstream.tls), expectation: configuration.upstream.expectation)
        // Any answer will do, a refusal too: the question is whether somebody of the right identity is there.
        let probe = try resources.client(configuration.upstream)
        resources.health.register("upstream") {
            do throws(RemoteError) {
                _ = try await probe.exchange(.get, "/", bytes: nil, contentType: nil)
            } catch {
                guard error.status != nil else { throw error }
            }
        }
        return RunningService(listeners: [
            ServiceListener("public", configuration.listener) { server, group, logger in
                try ForwardingServer(configuration: server, upstreams: [upstream], onFinish: { log.note($0) }, eventLoopGroup: group, logger: logger) { policy.decide($0) }
            },
        ])
    }

    private static func origin(of url: URL) -> URL? {
        guard var parts = URLComponents(url: url, resolvingAgainstBaseURL: false), parts.host != nil else { return nil }
        parts.path = ""
        return parts.url
    }
}

extension ForwardingServer: StartableListener {}
