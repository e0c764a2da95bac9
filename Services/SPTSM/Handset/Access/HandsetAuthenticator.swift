import Foundation
import HTTPTypes
import Identity
import KeyVaultAPI
import ServiceKit
import Synchronization
import TrustedServiceModel

/// Who is calling (design section 4): an access token bound to the device's key, and a proof by that key for this very request (RFC 9449).
/// Tokens are this TSM's own, or those of an issuer that the operator registered for a service provider.
public final class HandsetAuthenticator: Sendable {
    public struct Settings: Sendable, Hashable {
        public var issuer: String
        public var audience: String
        /// Seconds.
        public var tokenLifetime: Int

        public init(issuer: String, audience: String, tokenLifetime: Int = 3600) {
            self.issuer = issuer
            self.audience = audience
            self.tokenLifetime = tokenLifetime
        }
    }

    private let vault: any KeyVault
    private let catalogue: any Catalogue
    private let integrity: any DeviceIntegrityCheck
    private let settings: Settings
    private let environment: ServiceEnvironment
    private let proofs = DPoPVerifier(replays: MemoryReplayCache())
    private let verifier = Mutex<AccessTokenVerifier?>(nil)

    public init(vault: any KeyVault, catalogue: any Catalogue, integrity: any DeviceIntegrityCheck, settings: Settings, environment: ServiceEnvironment) {
        self.vault = vault
        self.catalogue = catalogue
        self.integrity = integrity
        self.settings = settings
        self.environment = environment
    }

    /// Issues a token for an app that its service provider registered, bound to the key that signed the request's proof.
    ///
    /// - Parameter url: the public URL of the request, as the handset used it.
    func register(_ request: HandsetAPI.RegistrationRequest, proof: String?, url: String) async throws(TSMFailure) -> HandsetAPI.RegistrationAnswer {
        guard let proof else { throw TSMFailure(.notAuthenticated, "the request carries no DPoP proof") }
        let key: JSONWebKey
        do throws(TokenError) {
            key = try proofs.verify(proof, method: "POST", url: url, accessToken: nil, deviceKeyThumbprint: nil, now: environment.now())
        } catch {
            throw TSMFailure(.notAuthenticated, error.reason)
        }
        try await catalogue.refresh()
        let app = request.deviceAppId.lowercased()
        guard try await catalogue.deviceApps().contains(where: { $0.serviceProviderId == request.serviceProviderId && $0.deviceAppId.lowercased() == app }) else {
            // The same answer for an unknown service provider and for an app that is not its own.
            throw TSMFailure(.unauthorized, "this app is not registered with the service provider")
        }
        try await integrity.check(verdict: request.integrityVerdict, serviceProviderId: request.serviceProviderId, deviceAppId: app, deviceKeyThumbprint: key.thumbprint)
        do throws(KeyVaultError) {
            let token = try await vault.accessToken(AccessTokenRequest(audience: .handset, serviceProviderId: request.serviceProviderId, deviceAppId: app,
                                                                       deviceKeyThumbprint: key.thumbprint, lifetime: settings.tokenLifetime))
            return HandsetAPI.RegistrationAnswer(accessToken: token.token, expiresIn: settings.tokenLifetime)
        } catch {
            throw RunFailure(error).failure
        }
    }

    /// - Throws: `TSMFailure(.notAuthenticated)` for whatever is wrong with token or proof.
    func authenticate(_ headers: HTTPFields, method: HTTPRequest.Method, url: String) async throws(TSMFailure) -> HandsetCaller {
        let prefix = "dpop "
        guard let authorization = headers[.authorization], authorization.lowercased().hasPrefix(prefix) else {
            throw TSMFailure(.notAuthenticated, "the request carries no access token (Authorization: DPoP …)")
        }
        guard let name = HTTPField.Name(DPoPProof.headerName), headers[values: name].count == 1, let proof = headers[name] else {
            throw TSMFailure(.notAuthenticated, "the request carries no DPoP proof, or several")
        }
        let token = String(authorization.dropFirst(prefix.count))
        let now = environment.now()
        let caller = try await caller(token, now: now)
        do throws(TokenError) {
            try proofs.verify(proof, method: method.rawValue, url: url, accessToken: token, deviceKeyThumbprint: caller.deviceKeyThumbprint, now: now)
        } catch {
            throw TSMFailure(.notAuthenticated, error.reason)
        }
        return caller
    }

    /// Whom a token names; whether he is who sends it, his proof must show.
    private func caller(_ token: String, now: Date) async throws(TSMFailure) -> HandsetCaller {
        let issuer: String
        do throws(TokenError) {
            issuer = try AccessTokenVerifier.claimedIssuer(of: token, types: DelegatedTokenVerifier.types)
        } catch {
            throw TSMFailure(.notAuthenticated, error.reason)
        }
        guard issuer == settings.issuer else { return try await DelegatedTokens(catalogue: catalogue).caller(token, claimedIssuer: issuer, now: now) }
        let verifier = try await tokenVerifier()
        do throws(TokenError) {
            let claims = try verifier.verify(token, now: now)
            return HandsetCaller(serviceProviderId: claims.sp, deviceAppId: claims.deviceAppId.lowercased(), deviceKeyThumbprint: claims.cnf.jkt)
        } catch {
            throw TSMFailure(.notAuthenticated, error.reason)
        }
    }

    private func tokenVerifier() async throws(TSMFailure) -> AccessTokenVerifier {
        if let verifier = verifier.withLock({ $0 }) { return verifier }
        do {
            let description = try await vault.tokenKey(.handset)
            let key = try JSONWebKey(subjectPublicKeyInfo: description.subjectPublicKeyInfo.bytes, keyID: description.keyId)
            let made = AccessTokenVerifier(issuer: settings.issuer, audience: settings.audience, keys: JSONWebKeySet(keys: [key]), maximumLifetime: TimeInterval(settings.tokenLifetime))
            verifier.withLock { $0 = made }
            return made
        } catch {
            throw TSMFailure(.tsmNotAvailable, "the TSM cannot verify access tokens just now; try again later")
        }
    }
}
