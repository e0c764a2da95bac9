import HTTP2
import Hummingbird
import ServiceKit

/// `/operator/v1`: the table in docs/operator-api.md.
enum OperatorRoutes {
    static func add<Context: PeerRequestContext>(to router: Router<Context>, engine: OperatorEngine) {
        let group = router.group("/operator/v1").add(middleware: OperatorErrors())
        group.post("service-providers") { request, _ in
            try Response.json(try await engine.createServiceProvider(try await request.decodeJSON(OperatorAPI.NewServiceProvider.self)), status: .created)
        }
        group.get("service-providers") { _, _ in try Response.json(try await engine.serviceProviders()) }
        group.get("service-providers/:id") { _, context in try Response.json(try await engine.serviceProvider(try context.parameters.require("id"))) }
        group.post("service-providers/:id/device-apps") { request, context in
            let app = try await request.decodeJSON(OperatorAPI.NewDeviceApp.self)
            return try Response.json(try await engine.addDeviceApp(app, to: try context.parameters.require("id")))
        }
        group.post("service-providers/:id/key-indexes") { request, context in
            let key = try await request.decodeJSON(OperatorAPI.KeyIndex.self)
            return try Response.json(try await engine.addKeyIndex(key, to: try context.parameters.require("id")))
        }
        group.put("service-providers/:id/client-certificate") { request, context in
            let certificate = try await request.decodeJSON(OperatorAPI.ClientCertificate.self)
            return try Response.json(try await engine.setClientCertificate(certificate, of: try context.parameters.require("id")))
        }
        group.post("service-providers/:id/tokens") { request, context in
            let new = try await request.decodeJSON(OperatorAPI.NewToken.self)
            return try Response.json(try await engine.issueToken(new, for: try context.parameters.require("id")), status: .created)
        }
        group.get("service-providers/:id/tokens") { _, context in try Response.json(try await engine.tokens(of: try context.parameters.require("id"))) }
        group.delete("service-providers/:id/tokens/:token") { _, context in
            try await engine.revokeToken(try context.parameters.require("token"), of: try context.parameters.require("id"))
            return Response(status: .noContent)
        }
        group.post("issuers") { request, _ in
            try Response.json(try await engine.createIssuer(try await request.decodeJSON(OperatorAPI.NewIssuer.self)), status: .created)
        }
        group.get("issuers") { _, _ in try Response.json(try await engine.issuers()) }
        group.post("secure-component-profiles") { request, _ in
            try Response.json(try await engine.createProfile(try await request.decodeJSON(OperatorAPI.NewProfile.self)), status: .created)
        }
        group.get("secure-component-profiles") { _, _ in try Response.json(try await engine.profiles()) }
    }
}

/// The operator's errors as problem documents.
private struct OperatorErrors<Context: RequestContext>: RouterMiddleware {
    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as OperatorError {
            let status: HTTPResponse.Status = switch error.code {
            case .invalidRequest: .badRequest
            case .notFound: .notFound
            case .conflict: .conflict
            }
            throw ProblemError(status, code: error.code.rawValue, detail: error.reason)
        }
    }
}
