import Foundation

/// What a certificate to be issued says.
public struct CertificateProfile: Sendable, Hashable {
    /// What the key is for; decides key usage and extended key usage.
    public enum Purpose: Sendable, Hashable {
        /// A TLS server that never calls anybody.
        case server
        /// A TLS client.
        case client
        /// A service of ours: server and client.
        case workload
        /// Signs attestation tokens; of no use in TLS.
        case signing
    }

    public var commonName: String
    public var organization: String?
    public var purpose: Purpose
    public var spiffeID: SPIFFEID?
    /// Subject alternative names.
    public var dnsNames: [String]
    /// IPv4 (4 bytes) or IPv6 (16 bytes) addresses.
    public var ipAddresses: [[UInt8]]
    /// Seconds that the certificate is valid from now on.
    public var lifetime: TimeInterval

    public static let loopbackAddress: [UInt8] = [127, 0, 0, 1]

    public init(
        commonName: String, organization: String? = nil, purpose: Purpose, spiffeID: SPIFFEID? = nil, dnsNames: [String] = [],
        ipAddresses: [[UInt8]] = [], lifetime: TimeInterval = 90 * 86_400
    ) {
        self.commonName = commonName
        self.organization = organization
        self.purpose = purpose
        self.spiffeID = spiffeID
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
        self.lifetime = lifetime
    }

    /// A service on this machine: SPIFFE ID in the URI name, `localhost` and 127.0.0.1 beside it.
    public static func workload(_ id: SPIFFEID, dnsNames: [String] = ["localhost"], ipAddresses: [[UInt8]] = [loopbackAddress], lifetime: TimeInterval = 90 * 86_400) -> CertificateProfile {
        CertificateProfile(
            commonName: String(id.path.split(separator: "/").last ?? Substring(id.trustDomain)), purpose: .workload, spiffeID: id, dnsNames: dnsNames,
            ipAddresses: ipAddresses, lifetime: lifetime)
    }
}
