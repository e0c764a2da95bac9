import COpenSSL

/// Who a client expects to speak to. It is checked against the server's certificate after the chain verified; it is never skipped.
public struct PeerExpectation: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// The certificate's only URI is this SPIFFE ID.
        case spiffe(String)
        /// The certificate names this host; an IP address is compared with the certificate's IP addresses. The subject's common name counts for nothing.
        case dnsName(String)
        /// At least one of these holds; an empty list never does.
        case anyOf([PeerExpectation])
    }
    public let kind: Kind

    public init(_ kind: Kind) { self.kind = kind }
    public static func spiffe(_ id: String) -> PeerExpectation { .init(.spiffe(id)) }
    public static func dnsName(_ name: String) -> PeerExpectation { .init(.dnsName(name)) }
    public static func anyOf(_ expectations: [PeerExpectation]) -> PeerExpectation { .init(.anyOf(expectations)) }

    func matches(_ identity: PeerIdentity, certificate: OpaquePointer) -> Bool {
        switch kind {
        case .spiffe(let id): return identity.spiffeID == id
        case .dnsName(let name):
            guard !name.isEmpty else { return false }
            if name.contains(":") || name.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }) {
                return X509_check_ip_asc(certificate, name, 0) == 1
            }
            let flags = UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT) | UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
            return X509_check_host(certificate, name, name.utf8.count, flags, nil) == 1
        case .anyOf(let expectations): return expectations.contains { $0.matches(identity, certificate: certificate) }
        }
    }
}

extension PeerExpectation: CustomStringConvertible {
    public var description: String {
        switch kind {
        case .spiffe(let id): "SPIFFE ID \(id)"
        case .dnsName(let name): "host name \(name)"
        case .anyOf(let expectations): "one of [" + expectations.map(\.description).joined(separator: ", ") + "]"
        }
    }
}
