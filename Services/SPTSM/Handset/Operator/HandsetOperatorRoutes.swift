import Foundation
import HTTP2
import Hummingbird
import ServiceKit
import TrustedServiceModel

/// `/operator/v1` of the handset plane; what is done stands in `HandsetOperatorEngine`.
enum HandsetOperatorRoutes {
    static func add<Context: PeerRequestContext>(to router: Router<Context>, engine: HandsetOperatorEngine) {
        let group = router.group("/operator/v1").add(middleware: OperatorMiddleware(logger: engine.engine.logger))
        group.get("openapi.yaml") { _, _ in APIDocument.handsetOperator.response }
        group.get("actions") { request, _ in try Response.json(try await engine.actions(request.parameters())) }
        processes(group.group("processes"), engine)
        instances(group.group("instances"), engine)
        components(group.group("components"), engine)
        results(group.group("results"), engine)
        group.post("key-sets/:id/authentication-release") { request, context in
            let reason = try await request.decodeJSON(HandsetOperatorAPI.Reason.self).reason
            try await engine.releaseAuthentications(keySet: try context.segment("id"), reason: reason, who: context.peerNames)
            return Response(status: .noContent)
        }
    }

    private static func processes<Context: PeerRequestContext>(_ group: RouterGroup<Context>, _ engine: HandsetOperatorEngine) {
        group.get { request, _ in try Response.json(try await engine.processes(request.parameters())) }
        group.get(":id") { _, context in try Response.json(try await engine.process(try context.segment("id"))) }
        group.post(":id/end") { request, context in
            let reason = try await request.decodeJSON(HandsetOperatorAPI.Reason.self).reason
            return try Response.json(try await engine.endProcess(try context.segment("id"), reason: reason, who: context.peerNames))
        }
    }

    private static func instances<Context: PeerRequestContext>(_ group: RouterGroup<Context>, _ engine: HandsetOperatorEngine) {
        group.get { request, _ in try Response.json(try await engine.instances(request.parameters())) }
        group.get(":id") { _, context in try Response.json(try await engine.instance(try context.segment("id"))) }
        group.put(":id/quarantine") { request, context in
            let message = try await request.decodeJSON(HandsetOperatorAPI.NewQuarantine.self).message
            return try Response.json(try await engine.quarantineInstance(try context.segment("id"), message: message, who: context.peerNames))
        }
        group.delete(":id/quarantine") { _, context in
            try await engine.liftInstance(try context.segment("id"), who: context.peerNames)
            return Response(status: .noContent)
        }
    }

    private static func components<Context: PeerRequestContext>(_ group: RouterGroup<Context>, _ engine: HandsetOperatorEngine) {
        group.get { request, _ in try Response.json(try await engine.components(request.parameters())) }
        group.get(":id") { _, context in try Response.json(try await engine.component(try context.segment("id"))) }
        group.put(":id/quarantine") { request, context in
            let message = try await request.decodeJSON(HandsetOperatorAPI.NewQuarantine.self).message
            return try Response.json(try await engine.quarantineComponent(try context.segment("id"), message: message, who: context.peerNames))
        }
        group.delete(":id/quarantine") { _, context in
            try await engine.liftComponent(try context.segment("id"), who: context.peerNames)
            return Response(status: .noContent)
        }
    }

    /// What online services are told (TR-03165 4.3): what waits, and what was given up.
    private static func results<Context: PeerRequestContext>(_ group: RouterGroup<Context>, _ engine: HandsetOperatorEngine) {
        group.get { request, _ in try Response.json(try await engine.results(request.parameters())) }
        group.post("resend") { request, context in
            try Response.json(try await engine.resendResults(try await request.decodeJSON(HandsetOperatorAPI.Resend.self), who: context.peerNames))
        }
    }
}

extension Request {
    /// Of the query, decoded.
    fileprivate func parameters() -> [(String, String)] { uri.queryParameters.map { (String($0.key), String($0.value)) } }
}
