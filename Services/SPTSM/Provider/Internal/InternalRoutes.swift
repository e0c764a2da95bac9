import DeploymentDocument
import HTTP2
import Hummingbird
import ServiceKit

/// The internal interface's routes, listed at the head of DeploymentDocument.swift: GET and nothing else.
enum InternalRoutes {
    static func add<Context: PeerRequestContext>(to router: Router<Context>, engine: InternalEngine) {
        router.get("/internal/v1/services/:serviceId") { _, context in
            let id = try context.parameters.require("serviceId")
            guard let document = try await engine.service(id) else { throw ProblemError(.notFound, code: "notFound", detail: "no Service \(id)") }
            return try Response.json(document)
        }
        router.get("/internal/v1/services/:serviceId/versions/:tag/profiles/:profileId") { _, context in
            do {
                return try Response.json(try await engine.deployment(service: try context.parameters.require("serviceId"), tag: try context.parameters.require("tag"),
                                                                     profile: try context.parameters.require("profileId")))
            } catch let error as DocumentError {
                // One status for both: to the handset plane a combination that cannot be deployed is one that is not there.
                throw ProblemError(.notFound, code: error.code.rawValue, detail: error.reason)
            }
        }
        router.get("/internal/v1/binaries/:sha256") { _, context in
            let sha256 = try context.parameters.require("sha256").lowercased()
            guard let block = try await engine.binary(sha256: sha256) else { throw ProblemError(.notFound, code: "notFound", detail: "no binary \(sha256)") }
            return Response(status: .ok, headers: [.contentType: "application/octet-stream", .cacheControl: "immutable, max-age=31536000"],
                            body: ResponseBody(byteBuffer: ByteBuffer(bytes: block)))
        }
        router.get("/internal/v1/revisions") { request, _ in
            guard let after = request.uri.queryParameters["after"].map({ Int($0) }) ?? 0 else {
                throw ProblemError(.badRequest, code: "invalidRequest", detail: "after must be a number")
            }
            return try Response.json(try await engine.revisions(after: after))
        }
        router.get("/internal/v1/device-apps") { _, _ in try Response.json(try await engine.deviceApps()) }
        router.get("/internal/v1/token-issuers") { _, _ in try Response.json(try await engine.tokenIssuers()) }
        router.get("/internal/v1/device-integrity") { _, _ in try Response.json(try await engine.deviceIntegrityKeys()) }
        router.get("/internal/v1/maintenance") { _, _ in try Response.json(try await engine.maintenance()) }
        router.get("/internal/v1/issuers") { _, _ in try Response.json(try await engine.issuers()) }
    }
}
