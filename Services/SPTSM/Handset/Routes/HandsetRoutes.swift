import Foundation
import HTTPTypes
import Hummingbird
import HTTP2
import Identity
import Logging
import ServiceKit
import TrustedServiceModel

/// The handset API's routes: authentication, decoding, admission; what is done stands in `HandsetEngine`.
struct HandsetRoutes: Sendable {
    /// Set by the gateway, which removes what a client sends under this name: the authority that the handset used.
    static let authorityHeader = "x-tsms-authority"
    static let maximumBody = 1 << 20

    let engine: HandsetEngine
    let authenticator: HandsetAuthenticator
    let drain: DrainState

    func add<Context: PeerRequestContext>(to router: Router<Context>) {
        let base = HandsetAPI.basePath
        router.get("\(base)/openapi.yaml") { _, _ in APIDocument.handset.response }
        router.post("\(base)/registrations") { request, _ -> Response in
            let url = try publicURL(request)
            let body = try await request.decodeJSON(HandsetAPI.RegistrationRequest.self, upTo: Self.maximumBody)
            let answer: HandsetAPI.RegistrationAnswer
            do throws(TSMFailure) {
                answer = try await authenticator.register(body, proof: header(request, DPoPProof.headerName), url: url)
            } catch {
                throw problem(error)
            }
            return try Response.json(answer)
        }
        router.post("\(base)/service-instances") { request, _ -> Response in
            try await begin(request, HandsetAPI.CreateRequest.self) { (.create(serviceId: $0.serviceId, version: $0.version), $0.handshake) }
        }
        router.post("\(base)/service-instance-queries") { request, _ -> Response in
            try await begin(request, HandsetAPI.QueryRequest.self) { (.query(serviceId: $0.serviceId), $0.handshake) }
        }
        router.post("\(base)/service-instances/:id/deployments") { request, context -> Response in
            let id = context.parameters.get("id") ?? ""
            return try await begin(request, HandsetAPI.DeployRequest.self) { (.deploy(instanceId: id, commands: $0.serviceCommands, finalize: $0.finalizeDeployment), $0.handshake) }
        }
        router.post("\(base)/service-instances/:id/updates") { request, context -> Response in
            let id = context.parameters.get("id") ?? ""
            return try await begin(request, HandsetAPI.UpdateRequest.self) {
                (.update(instanceId: id, version: $0.newVersion, commands: $0.serviceCommands, finalize: $0.finalizeDeployment), $0.handshake)
            }
        }
        router.post("\(base)/service-instances/:id/suspensions") { request, context -> Response in
            let id = context.parameters.get("id") ?? ""
            return try await begin(request, HandsetAPI.SuspensionRequest.self) { (.suspend(instanceId: id, suspensionControl: $0.suspensionControl), $0.handshake) }
        }
        router.post("\(base)/service-deployment-checks") { request, _ -> Response in
            try await begin(request, HandsetAPI.DeploymentCheckRequest.self) { (.checkDeployment(serviceId: $0.serviceId, version: $0.version), $0.handshake) }
        }
        router.post("\(base)/service-instances/:id/update-checks") { request, context -> Response in
            let id = context.parameters.get("id") ?? ""
            return try await begin(request, HandsetAPI.UpdateCheckRequest.self) { (.checkUpdate(instanceId: id, version: $0.newVersion), $0.handshake) }
        }
        router.post("\(base)/service-instances/:id/terminations") { request, context -> Response in
            let id = context.parameters.get("id") ?? ""
            return try await begin(request, HandsetAPI.TerminateRequest.self) { (.terminate(instanceId: id), $0.handshake) }
        }
        router.post("\(base)/processes/:id/reports/:number") { request, context -> Response in
            let caller = try await caller(of: request)
            guard let id = context.parameters.get("id"), let number = context.parameters.get("number").flatMap({ Int($0) }) else {
                throw ProblemError(.notFound, code: HandsetRefusal.Code.unknownDialog.rawValue, detail: "there is no such process")
            }
            let bytes = try await request.collectBytes(upTo: Self.maximumBody)
            let report = try decode(SERAM.Report.self, bytes)
            return try await answered { () async throws(HandsetRefusal) in
                try await engine.report(number, report, digest: SessionDigest.of(bytes), dialogId: id, caller: caller)
            }
        }
    }

    /// The plain SERAM endpoints, for agents other than our SDK. The session ID is worth nothing without the token and key that began it.
    func addSERAM<Context: PeerRequestContext>(to router: Router<Context>) {
        router.post("/gp/seram/handshake") { request, _ -> Response in
            let caller = try await caller(of: request)
            let session = try sessionDigest(request)
            let command = try await request.decodeJSON(SERAM.HandshakeCommand.self, upTo: Self.maximumBody)
            guard command.supportedVersions?.contains(SERAM.version) ?? true, command.supportedDataFormats?.contains("application/json") ?? true,
                  command.supportedTransportProtocols?.contains("HTTPS") ?? true else {
                throw ProblemError(.notAcceptable, code: "noCommonProtocol", detail: "SERAM \(SERAM.version) with JSON over HTTPS is spoken here")
            }
            let polling = SERAM.Report(localAgentStatus: SERAM.AgentStatus(.polling, executedSeRamCommands: 0))
            _ = try await answered { () async throws(HandsetRefusal) in
                try await engine.report(polling, digest: "", sessionDigest: session, caller: caller)
            }
            return try Response.json(SERAM.HandshakeResponse())
        }
        router.post("/gp/seram/remoteManagement") { request, _ -> Response in
            let caller = try await caller(of: request)
            let session = try sessionDigest(request)
            let bytes = try await request.collectBytes(upTo: Self.maximumBody)
            let report = try decode(SERAM.Report.self, bytes)
            let answer: EncodedAnswer
            do throws(HandsetRefusal) {
                answer = try await engine.report(report, digest: SessionDigest.of(bytes), sessionDigest: session, caller: caller)
            } catch {
                throw problem(error)
            }
            return try Response.json(answer.order ?? SERAM.Order(delay: 0, ramCommands: [.stop]))
        }
    }

    // MARK: parts that routes share

    private func begin<Body: Decodable>(_ request: Request, _ type: Body.Type, _ purpose: (Body) -> (DialogRecord.Purpose, HandsetAPI.Handshake)) async throws -> Response {
        let caller = try await caller(of: request)
        guard let key = header(request, "Idempotency-Key") else {
            throw ProblemError(.badRequest, code: HandsetRefusal.Code.invalidRequest.rawValue, detail: "the header Idempotency-Key is missing")
        }
        // TR-03165 4.2.6: new processes are refused while the service drains, running ones finish.
        guard let ticket = drain.admit() else { throw problem(TSMFailure(.underMaintenance, "")) }
        defer { ticket.finish() }
        let bytes = try await request.collectBytes(upTo: Self.maximumBody)
        let (purpose, handshake) = purpose(try decode(type, bytes))
        // Of what the call brings the names alone: a digest of short values would give them away.
        let carriesValues = purpose != purpose.withoutValues
        let digest = SessionDigest.of(Array(request.uri.path.utf8) + [0] + (carriesValues ? try RequestForm(purpose, handshake).bytes : bytes))
        return try await answered { () async throws(HandsetRefusal) in
            try await engine.begin(purpose, handshake: handshake, caller: caller, idempotencyKey: key, requestDigest: digest)
        }
    }

    private func answered(_ body: () async throws(HandsetRefusal) -> EncodedAnswer) async throws -> Response {
        let answer: EncodedAnswer
        do throws(HandsetRefusal) {
            answer = try await body()
        } catch {
            throw problem(error)
        }
        return Response(status: .ok, headers: [.contentType: WireJSON.contentType], body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    private func decode<Body: Decodable>(_ type: Body.Type, _ bytes: [UInt8]) throws -> Body {
        do {
            return try WireJSON.decode(type, from: bytes)
        } catch {
            throw ProblemError(.badRequest, code: HandsetRefusal.Code.invalidRequest.rawValue, detail: "the body is not what this call takes: \(WireJSON.place(of: error))")
        }
    }

    private func caller(of request: Request) async throws -> HandsetCaller {
        let url = try publicURL(request)
        do throws(TSMFailure) {
            return try await authenticator.authenticate(request.headers, method: request.method, url: url)
        } catch {
            throw problem(error)
        }
    }

    /// The URL as the handset knows it, for its proofs: the gateway tells the authority that it was reached under.
    private func publicURL(_ request: Request) throws -> String {
        guard let authority = header(request, Self.authorityHeader) else {
            throw ProblemError(.badRequest, code: HandsetRefusal.Code.invalidRequest.rawValue, detail: "the request did not come through the gateway")
        }
        return "https://\(authority)\(request.uri.path)"
    }

    private func sessionDigest(_ request: Request) throws -> String {
        guard let session = request.uri.queryParameters.get("sessionId"), session.utf8.count <= 64 else {
            throw ProblemError(.notFound, code: HandsetRefusal.Code.unknownDialog.rawValue, detail: "there is no such session")
        }
        return SessionDigest.of(session)
    }

    private func header(_ request: Request, _ name: String) -> String? {
        HTTPField.Name(name).flatMap { request.headers[values: $0].count == 1 ? request.headers[$0] : nil }
    }

    private func problem(_ refusal: HandsetRefusal) -> ProblemError {
        let status: HTTPResponse.Status = switch refusal.code {
        case .unknownDialog: .notFound
        case .reportOutOfOrder, .idempotencyConflict: .conflict
        case .invalidRequest: .badRequest
        case .unavailable: .serviceUnavailable
        }
        return ProblemError(status, code: refusal.code.rawValue, detail: refusal.reason)
    }

    /// Failures of callers that are not (yet) known travel as problem documents with the TSM-API's category.
    private func problem(_ failure: TSMFailure) -> ProblemError {
        let status: HTTPResponse.Status = switch failure.category {
        case .notAuthenticated: .unauthorized
        case .unauthorized, .deviceIntegrityCheckFailed: .forbidden
        case .overloadProtection: .tooManyRequests
        default: .serviceUnavailable
        }
        return ProblemError(status, code: "category\(failure.category.rawValue)", detail: failure.executionMessage, members: ["executionStatus": String(failure.category.rawValue)])
    }
}
