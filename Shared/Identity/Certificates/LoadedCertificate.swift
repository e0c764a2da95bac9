import Crypto
import Foundation
import SwiftASN1
import X509

/// What a certificate says, read once. Signatures and chains are checked where connections are made, not here.
public struct LoadedCertificate: Sendable, Hashable {
    public let der: [UInt8]
    /// SHA-256 over `der`, 32 bytes.
    public let sha256: [UInt8]
    public let subject: String
    public let issuer: String
    public let notBefore: Date
    public let notAfter: Date
    public let uris: [String]
    public let dnsNames: [String]
    public let isCertificateAuthority: Bool
    /// Whether it carries the ``TestMarker``.
    public let isTestCertificate: Bool
    /// The public key, DER.
    public let subjectPublicKeyInfo: [UInt8]

    /// `sha256` in lower-case hexadecimal.
    public var thumbprint: String { Hex.text(sha256) }

    /// The one URI name as SPIFFE ID; nil without one, or with several URI names (X.509-SVID, section 5.2).
    public var spiffeID: SPIFFEID? {
        guard uris.count == 1, let uri = uris.first else { return nil }
        return try? SPIFFEID(uri)
    }

    /// - Throws: ``IdentityError`` `invalidCertificate`.
    public init(der: [UInt8]) throws(IdentityError) {
        do {
            let certificate = try Certificate(derEncoded: der)
            var uris: [String] = []
            var dnsNames: [String] = []
            for name in try certificate.extensions.subjectAlternativeNames ?? SubjectAlternativeNames() {
                switch name {
                case .uniformResourceIdentifier(let uri): uris.append(uri)
                case .dnsName(let dns): dnsNames.append(dns)
                default: break
                }
            }
            self.uris = uris
            self.dnsNames = dnsNames
            if case .isCertificateAuthority = try certificate.extensions.basicConstraints ?? .notCertificateAuthority {
                isCertificateAuthority = true
            } else {
                isCertificateAuthority = false
            }
            isTestCertificate = TestMarker.isPresent(in: certificate)
            subject = certificate.subject.description
            issuer = certificate.issuer.description
            notBefore = certificate.notValidBefore
            notAfter = certificate.notValidAfter
            var serializer = DER.Serializer()
            try certificate.publicKey.serialize(into: &serializer)
            subjectPublicKeyInfo = serializer.serializedBytes
        } catch {
            throw IdentityError(.invalidCertificate, "not a certificate that can be read: \(error)")
        }
        self.der = der
        sha256 = Array(SHA256.hash(data: der))
    }

    /// - Throws: ``IdentityError`` `certificateExpired`, `certificateNotYetValid`.
    public func requireValidity(at now: Date) throws(IdentityError) {
        guard now <= notAfter else { throw IdentityError(.certificateExpired, "the certificate of \(subject) expired on \(notAfter.formatted(.iso8601))") }
        guard now >= notBefore else { throw IdentityError(.certificateNotYetValid, "the certificate of \(subject) is valid from \(notBefore.formatted(.iso8601)) on only") }
    }
}
