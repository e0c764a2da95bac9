import Foundation
import HTTP2
import Hummingbird
import Logging
import ServiceKit

/// `/operator/v1`: the table in docs/operator-api.md.
enum OperatorRoutes {
    static func add<Context: PeerRequestContext>(to router: Router<Context>, engine: OperatorEngine) {
        let group = router.group("/operator/v1").add(middleware: OperatorMiddleware(logger: engine.logger))
        group.get("openapi.yaml") { _, _ in APIDocument.operator.response }
        serviceProviders(group.group("service-providers"), engine)
        belongings(group.group("service-providers/:id"), engine)
        tokenIssuers(group.group("service-providers/:id/token-issuers"), engine)
        issuers(group.group("issuers"), engine)
        profiles(group.group("secure-component-profiles"), engine)
        upkeep(group, engine)
    }

    private static func serviceProviders<Context: PeerRequestContext>(_ group: RouterGroup<Context>, _ engine: OperatorEngine) {
        group.post { request, _ in
            try Response.json(try await engine.createServiceProvider(try await request.decodeJSON(OperatorAPI.NewServiceProvider.self)), status: .created)
        }
        group.get { _, _ in try Response.json(try await engine.serviceProviders()) }
        group.get(":id") { _, context in try Response.json(try await engine.serviceProvider(try context.segment("id"))) }
        group.put(":id") { request, context in
            let name = try await request.decodeJSON(OperatorAPI.ServiceProviderName.self)
            return try Response.json(try await engine.renameServiceProvider(try context.segment("id"), name))
        }
        group.delete(":id") { _, context in
            try await engine.removeServiceProvider(try context.segment("id"))
            return Response(status: .noContent)
        }
    }

    private static func belongings<Context: PeerRequestContext>(_ group: RouterGroup<Context>, _ engine: OperatorEngine) {
        group.post("device-apps") { request, context in
            let app = try await request.decodeJSON(OperatorAPI.NewDeviceApp.self)
            return try Response.json(try await engine.addDeviceApp(app, to: try context.segment("id")))
        }
        group.delete("device-apps/:app") { _, context in
            try await engine.removeDeviceApp(try context.segment("app"), of: try context.segment("id"))
            return Response(status: .noContent)
        }
        group.post("key-indexes") { request, context in
            let key = try await request.decodeJSON(OperatorAPI.KeyIndex.self)
            return try Response.json(try await engine.addKeyIndex(key, to: try context.segment("id")))
        }
        group.delete("key-indexes/:index") { _, context in
            try await engine.removeKeyIndex(try context.segment("index"), of: try context.segment("id"))
            return Response(status: .noContent)
        }
        group.post("aid-prefixes") { request, context in
            let prefix = try await request.decodeJSON(OperatorAPI.NewAIDPrefix.self)
            return try Response.json(try await engine.addAIDPrefix(prefix, to: try context.segment("id")))
        }
        group.delete("aid-prefixes/:prefix") { _, context in
            try await engine.removeAIDPrefix(try context.segment("prefix"), of: try context.segment("id"))
            return Response(status: .noContent)
        }
        group.put("client-certificate") { request, context in
            let certificate = try await request.decodeJSON(OperatorAPI.ClientCertificate.self)
            return try Response.json(try await engine.setClientCertificate(certificate, of: try context.segment("id")))
        }
        group.get("device-integrity") { _, context in try Response.json(try await engine.deviceIntegrity(of: try context.segment("id"))) }
        group.put("device-integrity") { request, context in
            let new = try await request.decodeJSON(OperatorAPI.NewDeviceIntegrity.self)
            return try Response.json(try await engine.setDeviceIntegrity(new, of: try context.segment("id")))
        }
        group.delete("device-integrity") { _, context in
            try await engine.removeDeviceIntegrity(of: try context.segment("id"))
            return Response(status: .noContent)
        }
        group.post("tokens") { request, context in
            let new = try await request.decodeJSON(OperatorAPI.NewToken.self)
            return try Response.json(try await engine.issueToken(new, for: try context.segment("id")), status: .created)
        }
        group.get("tokens") { _, context in try Response.json(try await engine.tokens(of: try context.segment("id"))) }
        group.delete("tokens/:token") { _, context in
            try await engine.revokeToken(try context.segment("token"), of: try context.segment("id"))
            return Response(status: .noContent)
        }
    }

    private static func tokenIssuers<Context: PeerRequestContext>(_ group: RouterGroup<Context>, _ engine: OperatorEngine) {
        group.post { request, context in
            let new = try await request.decodeJSON(OperatorAPI.NewTokenIssuer.self)
            return try Response.json(try await engine.addTokenIssuer(new, to: try context.segment("id")), status: .created)
        }
        group.get { _, context in try Response.json(try await engine.tokenIssuers(of: try context.segment("id"))) }
        group.get(":issuer") { _, context in
            try Response.json(try await engine.tokenIssuer(try context.segment("issuer"), of: try context.segment("id")))
        }
        group.put(":issuer") { request, context in
            let new = try await request.decodeJSON(OperatorAPI.NewTokenIssuer.self)
            return try Response.json(try await engine.replaceTokenIssuer(try context.segment("issuer"), of: try context.segment("id"), new))
        }
        group.delete(":issuer") { _, context in
            try await engine.removeTokenIssuer(try context.segment("issuer"), of: try context.segment("id"))
            return Response(status: .noContent)
        }
    }

    private static func issuers<Context: PeerRequestContext>(_ group: RouterGroup<Context>, _ engine: OperatorEngine) {
        group.post { request, _ in
            try Response.json(try await engine.createIssuer(try await request.decodeJSON(OperatorAPI.NewIssuer.self)), status: .created)
        }
        group.get { _, _ in try Response.json(try await engine.issuers()) }
        group.get(":id") { _, context in try Response.json(try await engine.issuer(try context.segment("id"))) }
        group.put(":id") { request, context in
            let issuer = try await request.decodeJSON(OperatorAPI.NewIssuer.self)
            return try Response.json(try await engine.replaceIssuer(try context.segment("id"), issuer))
        }
        group.delete(":id") { _, context in
            try await engine.removeIssuer(try context.segment("id"))
            return Response(status: .noContent)
        }
    }

    private static func profiles<Context: PeerRequestContext>(_ group: RouterGroup<Context>, _ engine: OperatorEngine) {
        group.post { request, _ in
            try Response.json(try await engine.createProfile(try await request.decodeJSON(OperatorAPI.NewProfile.self)), status: .created)
        }
        group.get { _, _ in try Response.json(try await engine.profiles()) }
        group.get(":id") { _, context in try Response.json(try await engine.profile(try context.segment("id"))) }
        group.put(":id/removal") { request, context in
            let plan = try await request.decodeJSON(OperatorAPI.PlannedRemoval.self)
            return try Response.json(try await engine.planRemoval(of: try context.segment("id"), plan))
        }
        group.delete(":id/removal") { _, context in
            try await engine.withdrawRemoval(of: try context.segment("id"))
            return Response(status: .noContent)
        }
        group.delete(":id") { _, context in
            try await engine.removeProfile(try context.segment("id"))
            return Response(status: .noContent)
        }
    }

    private static func upkeep<Context: PeerRequestContext>(_ group: RouterGroup<Context>, _ engine: OperatorEngine) {
        group.get("notices") { _, _ in try Response.json(try await engine.noticeRecords()) }
        group.get("maintenance") { _, _ in try Response.json(try await engine.maintenance()) }
        group.put("maintenance") { request, _ in
            try Response.json(try await engine.setMaintenance(try await request.decodeJSON(OperatorAPI.NewMaintenance.self)))
        }
        group.get("lockouts") { _, _ in try Response.json(engine.lockouts()) }
        group.delete("lockouts/:kind/:subject") { _, context in
            try engine.releaseLockout(kind: try context.segment("kind"), subject: try context.segment("subject"))
            return Response(status: .noContent)
        }
    }
}
