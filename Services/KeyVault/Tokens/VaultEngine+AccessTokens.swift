import Cryptography
import Foundation
import Identity
import KeyVaultAPI

/// Access tokens (RFC 9068): the vault builds header and claims, so that a caller chooses no more than for whom a token is.
extension VaultEngine {
    public func accessToken(_ request: AccessTokenRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> AccessToken {
        let operation: VaultOperation = switch request.audience {
        case .provider: .providerToken
        case .handset: .handsetToken
        }
        return try await transact(VaultCall(operation, caller.identity), caller) { work, call in
            let (settings, environment) = (work.settings, work.environment)
            guard let issuer = settings.tokenIssuer, let audience = settings.audiences[request.audience] else {
                throw KeyVaultError(.usageNotAllowed, "this vault signs no \(request.audience.rawValue) tokens: its configuration names no issuer or audience for them")
            }
            let bound = settings.limits.tokenLifetime[request.audience] ?? 0
            guard (1...max(bound, 1)).contains(request.lifetime), bound > 0 else {
                throw KeyVaultError(.invalidRequest, "\(request.audience.rawValue) tokens live 1 to \(bound) seconds, not \(request.lifetime)")
            }
            guard (1...128).contains(request.serviceProviderId.utf8.count) else { throw KeyVaultError(.invalidRequest, "a service provider's ID is expected") }
            let issuedAt = Int64(environment.now().timeIntervalSince1970)
            let expiry = issuedAt + Int64(request.lifetime)
            let identifier = environment.uuid()
            let key = try work.signingKey(SigningPurpose(request.audience))
            let unsigned: UnsignedToken
            switch request.audience {
            case .provider:
                guard request.deviceAppId == nil, request.deviceKeyThumbprint == nil else {
                    throw KeyVaultError(.invalidRequest, "provider tokens are for no device: deviceAppId and deviceKeyThumbprint do not belong here")
                }
                unsigned = try UnsignedToken(
                    type: AccessTokenClaims.tokenType, keyID: key.id,
                    claims: ProviderTokenClaims(iss: issuer, aud: [audience], exp: expiry, iat: issuedAt, jti: identifier, sp: request.serviceProviderId))
            case .handset:
                guard let app = request.deviceAppId, (1...128).contains(app.utf8.count), let thumbprint = request.deviceKeyThumbprint,
                      Base64URL.decode(thumbprint)?.count == 32
                else { throw KeyVaultError(.invalidRequest, "handset tokens need deviceAppId and the SHA-256 thumbprint of the device key, base64url") }
                unsigned = try UnsignedToken(
                    type: AccessTokenClaims.tokenType, keyID: key.id,
                    claims: AccessTokenClaims(
                        iss: issuer, sub: request.serviceProviderId, aud: [audience], exp: expiry, iat: issuedAt, jti: identifier,
                        sp: request.serviceProviderId, deviceAppId: app, deviceKeyThumbprint: thumbprint))
                call.detail = "app \(app), device key \(thumbprint), "
            }
            let token = try unsigned.signed(with: try key.signature(of: unsigned.signingInput).rawRepresentation)
            call.keys = ["signing:\(key.id)"]
            call.detail += "token \(identifier) for \(request.serviceProviderId), \(request.lifetime) s"
            return AccessToken(token: token)
        }
    }

    public func tokenKey(_ audience: TokenAudience, _ caller: VaultCaller) async throws(KeyVaultError) -> SigningKeyDescription {
        try await perform(VaultCall(.readTokenKey, caller.identity), caller) { _ in try await signingKeyDescription(SigningPurpose(audience)) }
    }
}
