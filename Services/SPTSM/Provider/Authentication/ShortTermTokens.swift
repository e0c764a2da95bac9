import Foundation
import Identity
import KeyVaultAPI
import Synchronization

/// `tokens:` of the provider plane; issuer and audience as the key vault is configured.
public struct TokenSettings: Sendable, Hashable, Decodable {
    public var issuer: String
    public var audience: String
    /// Seconds that a short-term token lives.
    public var lifetime: Int

    public init(issuer: String, audience: String, lifetime: Int = 900) {
        self.issuer = issuer
        self.audience = audience
        self.lifetime = lifetime
    }

    private enum CodingKeys: String, CodingKey { case issuer, audience, lifetime }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        issuer = try keys.decode(String.self, forKey: .issuer)
        audience = try keys.decode(String.self, forKey: .audience)
        lifetime = try keys.decodeIfPresent(Int.self, forKey: .lifetime) ?? 900
        guard (60...86_400).contains(lifetime) else {
            throw DecodingError.dataCorruptedError(forKey: .lifetime, in: keys, debugDescription: "a number of seconds from 60 to 86400 is expected")
        }
    }
}

/// Short-term tokens: signed by the key vault, verified here with its public key, which is fetched once and anew when a token names another.
final class ShortTermTokens: Sendable {
    private struct Cached { var key: JSONWebKey; var fetched: Date }

    /// Least time between two fetches: a stream of forged key IDs must not become a stream of requests to the vault.
    static let refreshInterval: TimeInterval = 10

    private let settings: TokenSettings
    private let vault: any KeyVault
    private let cache = Mutex<Cached?>(nil)

    init(settings: TokenSettings, vault: any KeyVault) {
        self.settings = settings
        self.vault = vault
    }

    func issue(for serviceProvider: String) async throws(KeyVaultError) -> String {
        let request = AccessTokenRequest(audience: .provider, serviceProviderId: serviceProvider, deviceAppId: nil, deviceKeyThumbprint: nil, lifetime: settings.lifetime)
        return try await vault.accessToken(request).token
    }

    enum Failure: Error, Sendable {
        case token(TokenError)
        /// The key could not be had: the TSM's fault, not the token's.
        case vault(KeyVaultError)
    }

    /// - Returns: the service provider's ID.
    func verify(_ token: String, now: Date) async throws(Failure) -> String {
        let key = try await key(now: now, newerThan: nil)
        do {
            return try verify(token, with: key, now)
        } catch {
            guard error.code == .unknownKey else { throw .token(error) }
        }
        let newer = try await self.key(now: now, newerThan: key)
        do {
            return try verify(token, with: newer, now)
        } catch {
            throw .token(error)
        }
    }

    private func verify(_ token: String, with key: JSONWebKey, _ now: Date) throws(TokenError) -> String {
        let verifier = AccessTokenVerifier(issuer: settings.issuer, audience: settings.audience, keys: JSONWebKeySet(keys: [key]), leeway: 5)
        return try verifier.verifyProviderToken(token, now: now).sp
    }

    private func key(now: Date, newerThan known: JSONWebKey?) async throws(Failure) -> JSONWebKey {
        if let cached = cache.withLock({ $0 }), known != cached.key || now.timeIntervalSince(cached.fetched) < Self.refreshInterval { return cached.key }
        let key: JSONWebKey
        do throws(KeyVaultError) {
            let described = try await vault.tokenKey(.provider)
            do throws(TokenError) {
                key = try JSONWebKey(subjectPublicKeyInfo: described.subjectPublicKeyInfo.bytes, keyID: described.keyId)
            } catch {
                throw KeyVaultError(.internalError, "the key vault's token key cannot be used: \(error.reason)")
            }
        } catch {
            throw .vault(error)
        }
        cache.withLock { $0 = Cached(key: key, fetched: now) }
        return key
    }
}
