/// The identities that may use a route group. Never empty: an empty list is an error at start, not "everyone".
public struct AllowList: Sendable, Hashable {
    public let peers: Set<AllowedPeer>

    /// - Throws: ``IdentityError`` `emptyAllowList`.
    public init(_ peers: some Sequence<AllowedPeer>) throws(IdentityError) {
        let set = Set(peers)
        guard !set.isEmpty else {
            throw IdentityError(.emptyAllowList, "the allow-list is empty: name at least one identity (an empty list never means everyone)")
        }
        self.peers = set
    }

    /// Exact matches only; what a verified certificate says against every entry.
    public func permits(uris: [String], dnsNames: [String], certificateSHA256: [UInt8]) -> Bool {
        peers.contains { $0.matches(uris: uris, dnsNames: dnsNames, certificateSHA256: certificateSHA256) }
    }
}

extension AllowList: Codable {
    public init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        var list: [AllowedPeer] = []
        while !container.isAtEnd { list.append(try container.decode(AllowedPeer.self)) }
        do throws(IdentityError) {
            try self.init(list)
        } catch {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: error.reason))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        for peer in peers.map(\.description).sorted() { try container.encode(peer) }
    }
}
