import HTTPTypes
import Hummingbird
import SEIAPI
import ServiceKit

/// `/sei/v1/inventory` and `/sei/v1/journal`, for the issuer's operator only.
struct InventoryRoutes: Sendable {
    let engine: SEIEngine

    func add(to router: Router<ServiceRequestContext>) {
        let sei = router.group(RouterPath(SEI.basePath))
        sei.get("inventory") { request, _ in
            let after = request.uri.queryParameters["after"].map(String.init)
            let limit = request.uri.queryParameters["limit"].map(String.init) ?? "100"
            return try Response.json(try await Answer.of { () throws(SEIError) in
                guard let limit = Int(limit) else { throw SEIError(.invalidRequest, "limit is a number") }
                return try await engine.components(after: after, limit: limit)
            })
        }
        sei.post("inventory") { request, _ in
            let entries = try await Answer.body { () throws(ProblemError) in try await request.decodeJSON([InventoryEntry].self, upTo: 16 << 20) }
            return try Response.json(try await Answer.of { () throws(SEIError) in try await engine.addComponents(entries) })
        }
        for (verb, blocked) in [("block", true), ("unblock", false)] {
            sei.post(RouterPath("inventory/:id/\(verb)")) { _, context in
                let id = try context.parameters.require("id")
                return try Response.json(try await Answer.of { () throws(SEIError) in try await engine.setBlocked(blocked, component: id) })
            }
        }
        sei.get("journal/:subject") { _, context in
            let subject = try context.parameters.require("subject")
            return try Response.json(try await Answer.of { () throws(SEIError) in try await engine.journal(subject: subject) })
        }
    }
}
