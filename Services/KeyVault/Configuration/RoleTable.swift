import HTTP2
import Identity
import ServiceKit

/// Which identity has which roles. Never empty, and no identity without a role: an empty list is an error at start, not "everyone".
public struct RoleTable: Sendable, Hashable, Decodable {
    public let roles: [AllowedPeer: Set<VaultRole>]

    /// - Throws: `ConfigurationError`.
    public init(_ roles: [AllowedPeer: Set<VaultRole>]) throws(ConfigurationError) {
        guard !roles.isEmpty else {
            throw ConfigurationError(.invalidValue, path: "roles", reason: "is empty: name the identities that may use the vault, and what each may do")
        }
        for (peer, own) in roles where own.isEmpty {
            throw ConfigurationError(.invalidValue, path: "roles.\(peer)", reason: "names no role; leave the identity out instead")
        }
        self.roles = roles
    }

    public init(from decoder: any Decoder) throws {
        let named = try [String: [VaultRole]](from: decoder)
        var roles: [AllowedPeer: Set<VaultRole>] = [:]
        for (name, own) in named.sorted(by: { $0.key < $1.key }) {
            let peer: AllowedPeer
            do throws(IdentityError) {
                peer = try AllowedPeer(name)
            } catch {
                throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: error.reason))
            }
            roles[peer, default: []].formUnion(own)
        }
        do {
            try self.init(roles)
        } catch {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: error.reason))
        }
    }

    /// Whoever has a role may reach the routes; which of them, the role decides.
    public func allowList() throws(IdentityError) -> AllowList { try AllowList(roles.keys) }

    /// The caller that a verified certificate proves; nil for a stranger.
    public func caller(_ peer: PeerIdentity) -> VaultCaller? {
        let matching = roles.filter { $0.key.matches(uris: peer.uris, dnsNames: peer.dnsNames, certificateSHA256: peer.certificateSHA256) }
        guard let name = peer.spiffeID ?? matching.keys.map(\.description).min(), !matching.isEmpty else { return nil }
        return VaultCaller(identity: name, roles: matching.values.reduce(into: []) { $0.formUnion($1) })
    }
}
