import Foundation
import GRDB
import HTTP2
import Hummingbird
import ServiceKit

/// The smallest service that uses everything: a store, a public listener with two route groups, a check.
enum EchoService: TSMSService {
    struct Configuration: ServiceConfiguration {
        var logging: LoggingConfiguration
        var store: StoreConfiguration
        var `public`: ListenerConfiguration
        var health: ListenerConfiguration
        var storeDirectory: String? { store.directory }
        var drainTimeout: Seconds { Seconds(5) }

        func validate() throws { try `public`.requireGroups(["users", "operators"], path: "public") }
    }

    struct Item: Codable, Sendable, Equatable {
        var name: String
        var at: Date
        var trace: String?
    }

    struct Unexpected: Error {}

    static let name = "echo"

    static func build(configuration: Configuration, resources: ServiceResources) async throws -> RunningService {
        let store = try resources.openStore(configuration.store, migrations: StoreTests.migrations())
        resources.health.register("always down") { if store.statistics.writes > 100 { throw Unexpected() } }
        let router = ServiceRouter.make(
            listener: "public",
            groups: [
                RouteGroup("operators", prefix: "/api/admin", allow: try configuration.public.allowList("operators")),
                RouteGroup("users", prefix: "/api", allow: try configuration.public.allowList("users")),
            ], environment: resources.environment)
        router.get("/api/admin/secrets") { _, _ in "secret" }
        router.get("/unlisted") { _, _ in "open by mistake" }
        router.post("/api/items") { request, context -> EditedResponse<Item> in
            var item = try await request.decode(as: Item.self, context: context)
            let name = item.name
            try await store.write { try $0.execute(sql: "INSERT INTO item (name) VALUES (?)", arguments: [name]) }
            item.trace = TraceContext.current?.traceID
            return EditedResponse(status: .created, response: item)
        }
        router.get("/api/whoami") { _, context in context.peer?.spiffeID ?? "nobody" }
        router.get("/api/busy") { _, _ -> String in
            throw ProblemError(.conflict, code: "dialogOpen", detail: "a dialog is open", retryAfter: 7, members: ["processId": "p-1"])
        }
        router.get("/api/broken") { _, _ -> String in throw Unexpected() }
        router.get("/api/drain") { _, _ -> String in
            guard let ticket = resources.drain.admit() else { throw ProblemError(.serviceUnavailable, code: "draining") }
            ticket.finish()
            return "admitted"
        }
        return RunningService(listeners: [ServiceListener("public", configuration.public, responder: router.buildResponder())])
    }
}

extension EchoService.Item: ResponseEncodable {}
