import Foundation
import GlobalPlatform
import Identity
import KeyVaultAPI
import ServiceKit

/// The configuration of `key-vault`.
public struct VaultConfiguration: ServiceConfiguration {
    public var logging: LoggingConfiguration
    public var health: ListenerConfiguration
    public var listener: ListenerConfiguration
    public var store: StoreConfiguration
    /// From `backend`, `rootKeyFile` and `rootKeyShares`; `key-vault init` makes what is missing.
    public var rootKey: RootKeyConfiguration
    public var roles: RoleTable
    public var settings: VaultSettings
    public var drainTimeout: Seconds

    public var storeDirectory: String? { store.directory }

    private enum CodingKeys: String, CodingKey {
        case logging, health, listener, store, backend, rootKeyFile, rootKeyShares, roles, tokens, tsmOid, limits, drainTimeout
    }

    /// `tokens:` iss and aud of access tokens, and how long they may live.
    private struct Tokens: Decodable {
        let issuer: String
        let audiences: [TokenAudience: String]
        let lifetimes: [TokenAudience: Int]

        private enum CodingKeys: String, CodingKey { case issuer, audiences, lifetimes }

        init(from decoder: any Decoder) throws {
            let keys = try decoder.container(keyedBy: CodingKeys.self)
            issuer = try keys.decode(String.self, forKey: .issuer)
            audiences = try Self.byAudience(keys.decode([String: String].self, forKey: .audiences), decoder)
            lifetimes = try Self.byAudience(keys.decode([String: Int].self, forKey: .lifetimes, default: [:]), decoder)
            guard !issuer.isEmpty, audiences.values.allSatisfy({ !$0.isEmpty }), lifetimes.values.allSatisfy({ $0 > 0 }) else {
                throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "an issuer, audiences and lifetimes of 1 s or more are expected"))
            }
        }

        private static func byAudience<Value>(_ named: [String: Value], _ decoder: any Decoder) throws -> [TokenAudience: Value] {
            var result: [TokenAudience: Value] = [:]
            for (name, value) in named {
                guard let audience = TokenAudience(rawValue: name) else {
                    throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "\(name) is no audience: provider or handset is expected"))
                }
                result[audience] = value
            }
            return result
        }
    }

    private struct Limits: Decodable {
        var unprovenAuthentications: Int?
        var hostChallengeLifetime: Int?
        var commandsPerChannel: Int?
        var channelRetention: Int?
        var stepsPerBatch: Int?
        var batchRetention: Int?
    }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        logging = try keys.decode(LoggingConfiguration.self, forKey: .logging, default: LoggingConfiguration())
        health = try keys.decode(ListenerConfiguration.self, forKey: .health)
        listener = try keys.decode(ListenerConfiguration.self, forKey: .listener)
        store = try keys.decode(StoreConfiguration.self, forKey: .store)
        rootKey = try RootKeyConfiguration(
            backend: try keys.decodeIfPresent(RootKeyConfiguration.Backend.self, forKey: .backend) ?? .software,
            file: try keys.decodeIfPresent(String.self, forKey: .rootKeyFile), shares: try keys.decodeIfPresent(RootKeyConfiguration.Shares.self, forKey: .rootKeyShares),
            codingPath: decoder.codingPath)
        roles = try keys.decode(RoleTable.self, forKey: .roles)
        drainTimeout = try keys.decode(Seconds.self, forKey: .drainTimeout, default: Seconds(30))
        let tokens = try keys.decodeIfPresent(Tokens.self, forKey: .tokens)
        let given = try keys.decodeIfPresent(Limits.self, forKey: .limits)
        var limits = VaultLimits()
        limits.unprovenAuthentications = given?.unprovenAuthentications ?? limits.unprovenAuthentications
        limits.hostChallengeLifetime = given?.hostChallengeLifetime ?? limits.hostChallengeLifetime
        limits.commandsPerChannel = given?.commandsPerChannel ?? limits.commandsPerChannel
        limits.channelRetention = given?.channelRetention ?? limits.channelRetention
        limits.stepsPerBatch = given?.stepsPerBatch ?? limits.stepsPerBatch
        limits.batchRetention = given?.batchRetention ?? limits.batchRetention
        limits.tokenLifetime.merge(tokens?.lifetimes ?? [:]) { _, new in new }
        guard [limits.unprovenAuthentications, limits.hostChallengeLifetime, limits.commandsPerChannel, limits.channelRetention,
               limits.stepsPerBatch, limits.batchRetention].allSatisfy({ $0 > 0 }) else {
            throw DecodingError.dataCorruptedError(forKey: .limits, in: keys, debugDescription: "limits are 1 or more")
        }
        settings = VaultSettings(
            tokenIssuer: tokens?.issuer, audiences: tokens?.audiences ?? [:], tsmOID: try keys.decodeIfPresent(String.self, forKey: .tsmOid), limits: limits)
        if let tsm = settings.tsmOID {
            do {
                _ = try ASN1ObjectIdentifier(tsm)
            } catch {
                throw DecodingError.dataCorruptedError(forKey: .tsmOid, in: keys, debugDescription: "an object identifier like 1.3.6.1.4.1.99999.1 is expected")
            }
        }
    }

    public func validate() throws {
        // Who may is what `roles` says; a second list could only contradict it.
        try listener.requireGroups([], path: "listener")
        switch rootKey {
        case .file(let path): _ = try RootKeyFile.load(path)
        case .shares:
            guard roles.roles.values.contains(where: { $0.contains(.custodian) }) else {
                throw ConfigurationError(.invalidValue, path: "roles", reason: "rootKeyShares need identities with the role custodian: nobody could open the vault")
            }
        case .token(let token): _ = try TokenConfiguration.pin(token.pinFile)
        }
    }
}
