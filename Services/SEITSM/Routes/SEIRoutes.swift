import HTTP2
import HTTPTypes
import Hummingbird
import Identity
import SEIAPI
import ServiceKit

/// `/sei/v1` for SP TSMs. The caller is the contract that its certificate matches.
public struct SEIRoutes: Sendable {
    let engine: SEIEngine
    let drain: DrainState

    public init(engine: SEIEngine, drain: DrainState = DrainState()) {
        self.engine = engine
        self.drain = drain
    }

    /// A router with these routes, the operator's, and their allow-lists: SP TSMs are those that have a contract.
    /// - Throws: `IdentityError` when there is no contract at all.
    public static func router(engine: SEIEngine, operators: AllowList, drain: DrainState = DrainState()) throws(IdentityError) -> Router<ServiceRequestContext> {
        let spTsms = try AllowList(engine.settings.contracts.map(\.peer))
        let router = ServiceRouter.make(
            listener: "sei",
            groups: [RouteGroup("operator", prefix: SEI.basePath + "/inventory", allow: operators),
                     RouteGroup("operator", prefix: SEI.basePath + "/journal", allow: operators),
                     RouteGroup("spTsm", prefix: SEI.basePath, allow: spTsms)],
            environment: engine.environment)
        SEIRoutes(engine: engine, drain: drain).add(to: router)
        InventoryRoutes(engine: engine).add(to: router)
        return router
    }

    public func add(to router: Router<ServiceRequestContext>) {
        let sei = router.group(RouterPath(SEI.basePath))
        sei.get("openapi.yaml") { _, _ in APIDocument.sei.response }
        eligibility(sei)
        dialogs(sei)
        sei.get("secure-components/:id") { _, context in
            let id = try context.parameters.require("id")
            let desk = try desk(context)
            return try Response.json(try await Answer.of { () throws(SEIError) in try await desk.secureComponent(id) })
        }
        sei.get("transport-keys") { _, context in
            let desk = try desk(context)
            return try Response.json(try await Answer.of { () throws(SEIError) in try await desk.transportKeys() })
        }
    }

    private func eligibility(_ sei: RouterGroup<ServiceRequestContext>) {
        sei.post("eligibility") { request, context in
            let desk = try desk(context)
            try refuseWhileDraining()
            let body = try await Answer.body { () throws(ProblemError) in try await request.decodeJSON(SEI.EligibilityRequest.self, upTo: 65_536) }
            return try Response.json(try await Answer.of { () throws(SEIError) in try await desk.beginEligibility(body) })
        }
        sei.post("eligibility/:id/evidence") { request, context in
            let id = try context.parameters.require("id")
            let desk = try desk(context)
            let body = try await Answer.body { () throws(ProblemError) in try await request.decodeJSON(SEI.Evidence.self, upTo: 65_536) }
            return try Response.json(try await Answer.of { () throws(SEIError) in try await desk.submitEvidence(id, body) })
        }
    }

    private func dialogs(_ sei: RouterGroup<ServiceRequestContext>) {
        sei.post("dialogs") { request, context in
            let desk = try desk(context)
            try refuseWhileDraining()
            guard let name = HTTPField.Name("Idempotency-Key"), let key = request.headers[name] else {
                throw Answer.problem(SEIError(.invalidRequest, "the header Idempotency-Key is missing"))
            }
            let body = try await Answer.body { () throws(ProblemError) in try await request.decodeJSON(SEI.DialogRequest.self, upTo: 262_144) }
            return try Response.json(try await Answer.of { () throws(SEIError) in try await desk.openDialog(body, idempotencyKey: key) })
        }
        sei.post("dialogs/:id/results") { request, context in
            let id = try context.parameters.require("id")
            let desk = try desk(context)
            let body = try await Answer.body { () throws(ProblemError) in try await request.decodeJSON(SEI.SessionResults.self, upTo: 262_144) }
            return try Response.json(try await Answer.of { () throws(SEIError) in try await desk.submitResults(id, body) })
        }
        sei.get("dialogs/:id") { _, context in
            let id = try context.parameters.require("id")
            let desk = try desk(context)
            return try Response.json(try await Answer.of { () throws(SEIError) in try await desk.dialog(id) })
        }
        sei.delete("dialogs/:id") { _, context in
            let id = try context.parameters.require("id")
            let desk = try desk(context)
            try await Answer.of { () throws(SEIError) in try await desk.abandonDialog(id) }
            return Response(status: .noContent)
        }
    }

    /// What begins now would outlive the service; what has begun goes on until it stops, and after the next start.
    private func refuseWhileDraining() throws(ProblemError) {
        guard !drain.isDraining else { throw Answer.problem(SEIError(.unavailable, "the issuer's service is about to restart; try again shortly", retryAfter: 5)) }
    }

    private func desk(_ context: ServiceRequestContext) throws(ProblemError) -> any SecureElementIssuer {
        guard let caller = context.peer, let contract = engine.settings.contracts.first(where: { $0.names(caller) }) else {
            throw Answer.problem(SEIError(.forbidden, "the issuer has no contract with this identity"))
        }
        return engine.as(contract.spTsm)
    }
}
