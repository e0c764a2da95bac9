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
        let credentials = try TLSCredentials(files: files)
        guard conditions.now <= credentials.certificateNotAfter else {
            throw IdentityError(.certificateExpired, "\(certificate): expired on \(WireDate.text(credentials.certificateNotAfter))")
        }
    }
}
