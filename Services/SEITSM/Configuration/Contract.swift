import GlobalPlatform
import HTTP2
import Identity
import ServiceKit

/// What an SP TSM may do with the issuer's components. Without a contract an identity may do nothing.
public struct Contract: Sendable, Hashable, Decodable {
    /// The SP TSM's client certificate: `spiffe://…`, `dns:…` or `sha256:…`.
    public var peer: AllowedPeer
    /// Profiles whose components it may use.
    public var profiles: Set<String>
    /// Transport keys of the key vault under which it may ask for first keys.
    public var transportKeys: [String]
    /// Its security domains and the applications in its access rules begin with one of these, and nobody else's do: what else is on a component,
    /// the issuer's own applications and those of other SP TSMs, is out of its reach.
    public var aidPrefixes: [HexBytes]

    public init(spTsm peer: AllowedPeer, profiles: Set<String>, transportKeys: [String], aidPrefixes: [HexBytes]) {
        self.peer = peer
        self.profiles = profiles
        self.transportKeys = transportKeys
        self.aidPrefixes = aidPrefixes
    }

    private enum CodingKeys: String, CodingKey { case spTsm, profiles, transportKeys, aidPrefixes }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        peer = try keys.decode(AllowedPeer.self, forKey: .spTsm)
        profiles = Set(try keys.decode([String].self, forKey: .profiles))
        transportKeys = try keys.decode([String].self, forKey: .transportKeys)
        aidPrefixes = try keys.decode([HexBytes].self, forKey: .aidPrefixes)
        guard !profiles.isEmpty else {
            throw DecodingError.dataCorruptedError(forKey: .profiles, in: keys, debugDescription: "a contract names at least one profile")
        }
        guard !aidPrefixes.isEmpty else {
            throw DecodingError.dataCorruptedError(forKey: .aidPrefixes, in: keys, debugDescription: "a contract names at least one AID prefix")
        }
        if let prefix = aidPrefixes.first(where: { !(5...16).contains($0.bytes.count) }) {
            throw DecodingError.dataCorruptedError(forKey: .aidPrefixes, in: keys, debugDescription: "\(prefix) has not 5 to 16 bytes")
        }
    }

    /// The SP TSM's identity as text: the owner of its dialogs and domains in the store.
    public var spTsm: String { peer.description }

    func names(_ caller: PeerIdentity) -> Bool {
        peer.matches(uris: caller.uris, dnsNames: caller.dnsNames, certificateSHA256: caller.certificateSHA256)
    }

    /// Whether the contract lets the SP TSM own an object with this AID. GlobalPlatform's own objects (ISD, ARA-M, CRS) are nobody's.
    public func allows(_ aid: AID) -> Bool {
        if aid.hasPrefix([0xA0, 0x00, 0x00, 0x01, 0x51]) { return false }
        return aidPrefixes.contains { aid.hasPrefix($0.bytes) }
    }

    /// A prefix of this contract and one of another that have AIDs in common; nil where there are none.
    func overlap(with other: Contract) -> (own: HexBytes, others: HexBytes)? {
        for own in aidPrefixes {
            for others in other.aidPrefixes where own.bytes.starts(with: others.bytes) || others.bytes.starts(with: own.bytes) { return (own, others) }
        }
        return nil
    }
}
