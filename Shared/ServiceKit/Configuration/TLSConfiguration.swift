import Foundation
import HTTP2
import Identity

/// `tls:` of a listener or a peer: PEM files.
public struct TLSConfiguration: Sendable, Hashable, Decodable, CheckedConfiguration {
    /// Chain, leaf first.
    public var certificate: String
    /// Private key; a file for its owner only.
    public var key: SecretFile
    /// CA certificates that the other side is verified against.
    public var trustAnchors: String?

    public init(certificate: String, key: String, trustAnchors: String? = nil) {
        self.certificate = certificate
        self.key = SecretFile(path: key)
        self.trustAnchors = trustAnchors
    }

    public var files: TLSFiles { TLSFiles(certificateChain: certificate, privateKey: key.path, trustAnchors: trustAnchors) }
    /// All files, for watching.
    var paths: [String] { [certificate, key.path] + (trustAnchors.map { [$0] } ?? []) }

    /// Loads everything as a connection would (key strength, key and certificate belong together), and looks at validity and test markers.
    public func check(_ conditions: CheckConditions) throws {
        for path in [certificate] + (trustAnchors.map { [$0] } ?? []) {
            if try CertificateFile.containsTestCertificate(path: path), !conditions.testbed {
                throw IdentityError(.testCertificate, "\(path): a test certificate; production refuses it (a testbed starts with --testbed)")
            }
        }
        try requireBoundAnchors()
        let credentials = try TLSCredentials(files: files)
        guard conditions.now <= credentials.certificateNotAfter else {
            throw IdentityError(.certificateExpired, "\(certificate): expired on \(WireDate.text(credentials.certificateNotAfter))")
        }
    }

    /// Where several CAs are trusted, each must name the SPIFFE trust domain that it speaks for, or one could issue the other's identities.
    private func requireBoundAnchors() throws {
        guard let trustAnchors else { return }
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: trustAnchors)), as: UTF8.self)
        guard text.components(separatedBy: "-----BEGIN CERTIFICATE-----").count > 2 else { return }
        for anchor in try CertificateFile.parse(pem: text) where !anchor.uris.contains(where: { $0.hasPrefix("spiffe://") }) {
            throw ConfigurationError(
                .invalidValue, path: "trustAnchors",
                reason: "\(trustAnchors) holds several CAs, and that of \(anchor.subject) names no trust domain (URI spiffe://domain): it could issue the others' identities")
        }
    }
}
