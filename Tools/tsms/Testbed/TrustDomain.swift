import Foundation
import Identity

/// PEM files of one workload, all in its own directory.
struct CredentialFiles: Sendable {
    let certificate: String
    let key: String
    /// The CAs that it accepts peers of.
    let trustAnchors: String

    init(directory: String, name: String = "tls") {
        certificate = "\(directory)/\(name).pem"
        key = "\(directory)/\(name).key"
        trustAnchors = "\(directory)/ca.pem"
    }

    var yaml: YAML { yaml(trusting: trustAnchors) }

    func yaml(trusting anchors: String) -> YAML { ["certificate": .text(certificate), "key": .text(key), "trustAnchors": .text(anchors)] }
}

/// One domain of the testbed: a CA of its own, whose certificates carry the test marker.
struct TrustDomain: Sendable {
    /// For example `sp-tsm.example`.
    let name: String
    let authority: CertificateAuthority
    let now: Date

    /// Makes the domain's root in `directory`.
    init(name: String, directory: String, now: Date) throws {
        self.name = name
        self.now = now
        try TestbedLayout.make(directory)
        authority = try CertificateAuthority(name: "\(name) testbed root", organization: name, testMarker: true, trustDomain: name, now: now)
        try AtomicFile.write(authority.privateKeyPEM.utf8, to: "\(directory)/ca.key", mode: AtomicFile.secretMode)
        try AtomicFile.write(authority.certificatePEM.utf8, to: "\(directory)/ca.pem", mode: AtomicFile.publicMode)
    }

    func identity(_ role: String) throws -> SPIFFEID { try SPIFFEID("spiffe://\(name)/\(role)") }

    /// Certificate and key for a role, in its directory.
    /// - Parameters:
    ///   - host: an address or name, beside loopback, under which it is reached.
    func enroll(_ role: String, in directory: String, host: String? = nil) throws -> CredentialFiles {
        try TestbedLayout.make(directory)
        let files = CredentialFiles(directory: directory)
        var profile = CertificateProfile.workload(try identity(role))
        if let host {
            if let address = Self.address(host) { profile.ipAddresses.append(address) } else { profile.dnsNames.append(host) }
        }
        try authority.issue(profile, now: now).write(certificate: files.certificate, privateKey: files.key)
        try AtomicFile.write(authority.certificatePEM.utf8, to: files.trustAnchors, mode: AtomicFile.publicMode)
        return files
    }

    /// A file with the roots of several domains, for a listener that peers of all of them call.
    static func writeAnchors(_ domains: [TrustDomain], to path: String) throws {
        try AtomicFile.write(domains.map(\.authority.certificatePEM).joined(separator: "\n").utf8, to: path, mode: AtomicFile.publicMode)
    }

    /// The bytes of an IPv4 or IPv6 address; nil for a name.
    private static func address(_ host: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, host, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
        var six = in6_addr()
        if inet_pton(AF_INET6, host, &six) == 1 { return withUnsafeBytes(of: six) { Array($0) } }
        return nil
    }
}
