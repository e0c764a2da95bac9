/// One identity that an allow-list or an outgoing connection accepts. As text (configuration, JSON):
/// `spiffe://domain/path`, `dns:host.example` or `sha256:` and 64 hex digits of the certificate's digest.
public enum AllowedPeer: Sendable, Hashable {
    case spiffe(SPIFFEID)
    /// Lower case, exact: no wildcards.
    case dnsName(String)
    /// SHA-256 over the DER certificate, 32 bytes.
    case certificateSHA256([UInt8])

    /// - Throws: ``IdentityError`` `invalidPeerName` or `invalidSPIFFEID`.
    public init(_ text: String) throws(IdentityError) {
        if text.hasPrefix("spiffe://") {
            let id = try SPIFFEID(text)
            // A bare trust domain names nobody; no workload's certificate may carry it (X.509-SVID, section 2).
            guard !id.path.isEmpty else { throw IdentityError(.invalidPeerName, "\"\(text)\" names a trust domain, not a workload: add its path") }
            self = .spiffe(id)
        } else if text.hasPrefix("dns:") {
            let name = text.dropFirst(4).lowercased()
            guard Self.isHostName(name) else { throw IdentityError(.invalidPeerName, "\"\(text)\" is not a host name (wildcards are not allowed)") }
            self = .dnsName(name)
        } else if text.hasPrefix("sha256:") {
            guard let digest = Hex.bytes(String(text.dropFirst(7))), digest.count == 32 else {
                throw IdentityError(.invalidPeerName, "\"\(text)\": sha256: is followed by 64 hexadecimal digits")
            }
            self = .certificateSHA256(digest)
        } else {
            throw IdentityError(.invalidPeerName, "\"\(text)\" is no identity: write spiffe://domain/path, dns:host or sha256:digest")
        }
    }

    /// Exact match against what a verified certificate says.
    ///
    /// A certificate with several URI names never matches a SPIFFE ID (X.509-SVID, section 5.2).
    public func matches(uris: [String], dnsNames: [String], certificateSHA256: [UInt8]) -> Bool {
        switch self {
        case .spiffe(let id): uris.count == 1 && uris.first == id.description
        case .dnsName(let name): dnsNames.contains { $0.lowercased() == name }
        case .certificateSHA256(let digest): certificateSHA256 == digest
        }
    }

    private static func isHostName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 253 else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63 && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
                    default: false
                    }
                }
        }
    }
}

extension AllowedPeer: CustomStringConvertible, Codable {
    public var description: String {
        switch self {
        case .spiffe(let id): id.description
        case .dnsName(let name): "dns:" + name
        case .certificateSHA256(let digest): "sha256:" + Hex.text(digest)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do throws(IdentityError) {
            self = try AllowedPeer(container.decodeText())
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.reason)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
