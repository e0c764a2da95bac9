import Foundation
import HTTPTypes
import Hummingbird
import KeyVaultAPI
import ServiceKit

/// The key vault over HTTP: each route names its operation; who may is the engine's to say.
public struct VaultRoutes: Sendable {
    /// A script of the longest load file is about 140 kB of JSON; this is room for several.
    static let maximumBody = 4 << 20

    let engine: VaultEngine
    let roles: RoleTable

    public init(engine: VaultEngine, roles: RoleTable) {
        self.engine = engine
        self.roles = roles
    }

    public func add(to router: Router<ServiceRequestContext>) {
        addKeySets(to: router)
        addChannels(to: router)
        addTokens(to: router)
        addOperation(to: router)
    }

    private func addKeySets(to router: Router<ServiceRequestContext>) {
        post(router, KeyVaultPaths.keySets, .created) { (vault, body: CreateKeySetRequest, _) in try await vault.createKeySet(body) }
        post(router, KeyVaultPaths.importKeySet, .created) { (vault, body: ImportKeySetRequest, _) in try await vault.importKeySet(body) }
        get(router, KeyVaultPaths.keySets + "/:id") { vault, id in try await vault.keySet(id: id) }
        post(router, KeyVaultPaths.keySets + "/:id/export") { (vault, body: ExportKeySetRequest, id) in try await vault.exportKeySet(id: id, body) }
        post(router, KeyVaultPaths.keySets + "/:id/state") { (vault, body: ChangeKeySetStateRequest, id) in try await vault.changeState(ofKeySet: id, body) }
        post(router, KeyVaultPaths.hostChallenges, .created) { (vault, body: HostChallengeRequest, _) in try await vault.hostChallenge(body) }
        post(router, KeyVaultPaths.verifyCryptogram) { (vault, body: VerifyCryptogramRequest, _) in try await vault.verifyCryptogram(body) }
    }

    private func addChannels(to router: Router<ServiceRequestContext>) {
        post(router, KeyVaultPaths.channels, .created) { (vault, body: OpenChannelRequest, _) in try await vault.openChannel(body) }
        post(router, KeyVaultPaths.channels + "/:id/authenticate") { (vault, body: AuthenticateChannelRequest, id) in try await vault.authenticate(channel: id, body) }
        post(router, KeyVaultPaths.channels + "/:id/commands") { (vault, body: ContinueChannelRequest, id) in try await vault.continueChannel(id, body) }
        post(router, KeyVaultPaths.channels + "/:id/report") { (vault, body: ChannelReport, id) in try await vault.report(channel: id, body) }
        post(router, KeyVaultPaths.batch) { (vault, body: VaultBatch, _) in try await vault.batch(body) }
        router.delete(path(KeyVaultPaths.channels + "/:id")) { _, context in
            let vault = engine.as(try caller(context))
            try await answering { try await vault.closeChannel(identifier(context)) }
            return Response(status: .noContent)
        }
    }

    private func addTokens(to router: Router<ServiceRequestContext>) {
        post(router, KeyVaultPaths.attestationTokens, .created) { (vault, body: AttestationTokenRequest, _) in try await vault.attestationToken(body) }
        get(router, KeyVaultPaths.attestationKey) { vault, _ in try await vault.attestationKey() }
        post(router, KeyVaultPaths.accessTokens, .created) { (vault, body: AccessTokenRequest, _) in try await vault.accessToken(body) }
        get(router, KeyVaultPaths.tokenKeys + "/:id") { vault, name in
            guard let audience = TokenAudience(rawValue: name) else { throw KeyVaultError(.notFound, "there is no audience \(name.prefix(64))") }
            return try await vault.tokenKey(audience)
        }
        get(router, KeyVaultPaths.namedKeys) { vault, _ in try await vault.namedKeys() }
        post(router, KeyVaultPaths.namedKeys, .created) { (vault, body: ImportNamedKeyRequest, _) in try await vault.importNamedKey(body) }
    }

    private func addOperation(to router: Router<ServiceRequestContext>) {
        router.post(path(KeyVaultPaths.releaseAuthentications)) { request, context in
            let caller = try caller(context)
            let body = try await request.decodeJSON(ReleaseAuthenticationsRequest.self)
            try await answering { try await engine.releaseAuthentications(body.keys, caller) }
            return Response(status: .noContent)
        }
        router.get(path(KeyVaultPaths.auditVerification)) { _, context in
            let caller = try caller(context)
            return try Response.json(try await answering { try await engine.verifyAuditChain(caller) })
        }
        router.get(path(KeyVaultPaths.seal)) { _, context in
            let caller = try caller(context)
            return try Response.json(try await answering { try await engine.sealStatus(caller) })
        }
        router.post(path(KeyVaultPaths.seal)) { _, context in
            let caller = try caller(context)
            try await answering { try await engine.seal(caller) }
            return Response(status: .noContent)
        }
        router.post(path(KeyVaultPaths.shares)) { request, context in
            let caller = try caller(context)
            let body = try await request.decodeJSON(GiveShareRequest.self)
            return try Response.json(try await answering { try await engine.giveShare(body, caller) })
        }
        router.post(path(KeyVaultPaths.rotateRootKey)) { _, context in
            let caller = try caller(context)
            return try Response.json(try await answering { try await engine.rotateRootKey(caller) })
        }
        router.get(path(KeyVaultPaths.auditAnchor)) { _, context in
            let caller = try caller(context)
            return try Response.json(try await answering { try await engine.auditAnchor(caller) })
        }
        router.get(path(KeyVaultPaths.audit)) { request, context in
            let caller = try caller(context)
            let after = request.uri.queryParameters.get("after", as: Int64.self) ?? 0
            let limit = request.uri.queryParameters.get("limit", as: Int.self) ?? 100
            return try Response.json(try await answering { try await engine.auditRecords(after: after, limit: limit, caller) })
        }
    }

    // MARK: -

    private func path(_ path: String) -> RouterPath { RouterPath(KeyVaultPaths.base + path) }

    private func caller(_ context: ServiceRequestContext) throws -> VaultCaller {
        guard let peer = context.peer, let caller = roles.caller(peer) else {
            throw ProblemError(KeyVaultError(.forbidden, "this identity has no role in the vault"))
        }
        return caller
    }

    private func identifier(_ context: ServiceRequestContext) -> String { context.parameters.get("id") ?? "" }

    private func answering<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as KeyVaultError {
            throw ProblemError(error)
        }
    }

    private func post<Body: Decodable & Sendable, Answer: Encodable & Sendable>(
        _ router: Router<ServiceRequestContext>, _ route: String, _ status: HTTPResponse.Status = .ok,
        _ operation: @escaping @Sendable (any KeyVault, Body, String) async throws -> Answer
    ) {
        router.post(path(route)) { request, context in
            let vault = engine.as(try caller(context))
            let body = try await request.decodeJSON(Body.self, upTo: Self.maximumBody)
            return try Response.json(try await answering { try await operation(vault, body, identifier(context)) }, status: status)
        }
    }

    private func get<Answer: Encodable & Sendable>(
        _ router: Router<ServiceRequestContext>, _ route: String, _ operation: @escaping @Sendable (any KeyVault, String) async throws -> Answer
    ) {
        router.get(path(route)) { _, context in
            let vault = engine.as(try caller(context))
            return try Response.json(try await answering { try await operation(vault, identifier(context)) })
        }
    }
}
