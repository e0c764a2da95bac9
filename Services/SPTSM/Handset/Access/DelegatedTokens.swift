import DeploymentDocument
import Foundation
import Identity
import TrustedServiceModel

/// Access tokens of issuers that service providers run (TR-03165 4.2.5.9; design section 4): good for that provider alone, and for apps that are
/// registered with it.
struct DelegatedTokens: Sendable {
    let catalogue: any Catalogue

    /// - Parameter claimedIssuer: as the token says; not believed before its signature is verified.
    /// - Throws: `TSMFailure` 5 for a token that is not in order, 15 for an app that is not registered, 1 while the issuers are not known.
    func caller(_ token: String, claimedIssuer: String, now: Date) async throws(TSMFailure) -> HandsetCaller {
        let issuers = try await catalogue.tokenIssuers().filter { $0.issuer == claimedIssuer }
        var accepted: [(provider: String, claims: DelegatedTokenClaims)] = []
        var refusal = TokenError(.wrongIssuer, "the access token is of an issuer that is not registered with this TSM")
        for issuer in issuers {
            do throws(TokenError) {
                accepted.append((issuer.serviceProviderId, try Self.verifier(issuer).verify(token, now: now)))
            } catch {
                refusal = error
            }
        }
        guard let first = accepted.first else { throw TSMFailure(.notAuthenticated, refusal.reason) }
        // One issuer with an audience for each of several service providers: a token for two of them says not which.
        guard accepted.count == 1 else { throw TSMFailure(.notAuthenticated, "the access token's audiences are those of several service providers") }
        let (provider, claims) = first
        guard try await catalogue.deviceApps().contains(where: { $0.serviceProviderId == provider && $0.deviceAppId.lowercased() == claims.deviceAppId }) else {
            throw TSMFailure(.unauthorized, "this app is not registered with the service provider")
        }
        return HandsetCaller(serviceProviderId: provider, deviceAppId: claims.deviceAppId, deviceKeyThumbprint: claims.deviceKeyThumbprint)
    }

    private static func verifier(_ issuer: TokenIssuerDescriptor) -> DelegatedTokenVerifier {
        DelegatedTokenVerifier(issuer: issuer.issuer, audience: issuer.audience, keys: issuer.jwks, maximumLifetime: TimeInterval(issuer.maximumLifetime),
                               deviceApp: issuer.deviceAppClaim, deviceKey: issuer.deviceKeyClaim)
    }
}
