import Crypto
import Foundation
import SwiftASN1
import X509

/// A domain's root: issues certificates to servers, workloads and clients, without intermediates (design: each trust domain has its own).
public struct CertificateAuthority: Sendable {
    public enum Curve: String, Sendable, Hashable { case p256, p384 }

    /// How far `notBefore` lies in the past, for machines whose clock is behind.
    static let clockSkew: TimeInterval = 300

    /// The root's certificate.
    public let certificatePEM: String
    /// The root's key (PKCS #8). Secret.
    public let privateKeyPEM: String
    /// Whether everything that this authority issues carries the ``TestMarker``.
    public let issuesTestCertificates: Bool

    private let certificate: Certificate
    private let privateKey: Certificate.PrivateKey

    /// Makes a new root with a fresh key.
    /// - Parameters:
    ///   - trustDomain: the SPIFFE trust domain that it speaks for, alone; nil: its certificates' IDs are not bound to it.
    ///   - lifetime: seconds.
    /// - Throws: ``IdentityError`` `issuingFailed`.
    public init(name: String, organization: String? = nil, curve: Curve = .p256, testMarker: Bool, trustDomain: String? = nil, lifetime: TimeInterval = 10 * 365 * 86_400, now: Date) throws(IdentityError) {
        do {
            let key = Self.freshKey(curve)
            let subject = try Self.distinguishedName(commonName: name, organization: organization)
            var extensions: [Certificate.Extension] = [
                try Certificate.Extension(BasicConstraints.isCertificateAuthority(maxPathLength: 0), critical: true),
                try Certificate.Extension(KeyUsage(keyCertSign: true, cRLSign: true), critical: true),
                try Certificate.Extension(SubjectKeyIdentifier(hash: key.publicKey), critical: false),
            ]
            if let trustDomain {
                // SPIFFE X.509-SVID, 3.1: the domain's ID without a path.
                let names = SubjectAlternativeNames([.uniformResourceIdentifier("spiffe://\(trustDomain)")])
                extensions.append(try Certificate.Extension(names, critical: false))
            }
            if testMarker { extensions.append(TestMarker.makeExtension()) }
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: now - Self.clockSkew, notValidAfter: now + lifetime,
                issuer: subject, subject: subject, extensions: Certificate.Extensions(extensions), issuerPrivateKey: key)
            self.certificate = certificate
            self.privateKey = key
            self.certificatePEM = try certificate.serializeAsPEM().pemString
            self.privateKeyPEM = try key.serializeAsPEM().pemString
            self.issuesTestCertificates = testMarker
        } catch {
            throw IdentityError(.issuingFailed, "the root certificate \"\(name)\" could not be made: \(error)")
        }
    }

    /// Takes up an existing root.
    /// - Throws: ``IdentityError`` `invalidCertificate`, `invalidKey`, `keyDoesNotMatch`.
    public init(certificatePEM: String, privateKeyPEM: String) throws(IdentityError) {
        do {
            certificate = try Certificate(pemEncoded: certificatePEM)
        } catch {
            throw IdentityError(.invalidCertificate, "the root certificate is not a PEM certificate: \(error)")
        }
        do {
            privateKey = try Certificate.PrivateKey(pemEncoded: privateKeyPEM)
        } catch {
            // The error's own text is left out: it may quote what it read.
            throw IdentityError(.invalidKey, "the root's key is not a PEM private key on P-256 or P-384")
        }
        guard privateKey.publicKey == certificate.publicKey else {
            throw IdentityError(.keyDoesNotMatch, "the root's key does not belong to its certificate")
        }
        guard case .isCertificateAuthority? = try? certificate.extensions.basicConstraints else {
            throw IdentityError(.invalidCertificate, "the certificate is not that of a certificate authority")
        }
        self.certificatePEM = certificatePEM
        self.privateKeyPEM = privateKeyPEM
        self.issuesTestCertificates = TestMarker.isPresent(in: certificate)
    }

    /// Issues a certificate with a fresh key.
    /// - Throws: ``IdentityError`` `issuingFailed`.
    public func issue(_ profile: CertificateProfile, curve: Curve = .p256, now: Date) throws(IdentityError) -> IssuedCertificate {
        let key = Self.freshKey(curve)
        let pem = try certificatePEM(for: profile, publicKey: key.publicKey, now: now)
        do {
            return IssuedCertificate(certificatePEM: pem, privateKeyPEM: try key.serializeAsPEM().pemString)
        } catch {
            throw IdentityError(.issuingFailed, "the new key could not be written as PEM")
        }
    }

    /// Issues a certificate for a key that stays where it is, for example the attestation signing key in a key vault.
    /// - Parameter subjectPublicKeyInfo: DER (RFC 5480), on P-256 or P-384. Brainpool keys are refused: the X.509 library has no such curves.
    /// - Returns: the certificate, PEM.
    /// - Throws: ``IdentityError`` `unsupportedCurve`, `issuingFailed`.
    public func issue(_ profile: CertificateProfile, forPublicKey subjectPublicKeyInfo: [UInt8], now: Date) throws(IdentityError) -> String {
        let publicKey: Certificate.PublicKey
        if let key = try? P256.Signing.PublicKey(derRepresentation: subjectPublicKeyInfo) {
            publicKey = Certificate.PublicKey(key)
        } else if let key = try? P384.Signing.PublicKey(derRepresentation: subjectPublicKeyInfo) {
            publicKey = Certificate.PublicKey(key)
        } else {
            throw IdentityError(.unsupportedCurve, "the public key is not a SubjectPublicKeyInfo on P-256 or P-384")
        }
        return try certificatePEM(for: profile, publicKey: publicKey, now: now)
    }

    private func certificatePEM(for profile: CertificateProfile, publicKey: Certificate.PublicKey, now: Date) throws(IdentityError) -> String {
        do {
            // A leaf outliving its root would fail on the day nobody expects it.
            let end = min(now + profile.lifetime, certificate.notValidAfter)
            let issued = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: publicKey, notValidBefore: now - Self.clockSkew, notValidAfter: end,
                issuer: certificate.subject,
                subject: try Self.distinguishedName(commonName: profile.commonName, organization: profile.organization),
                extensions: try extensions(of: profile, publicKey: publicKey), issuerPrivateKey: privateKey)
            return try issued.serializeAsPEM().pemString
        } catch {
            throw IdentityError(.issuingFailed, "the certificate \"\(profile.commonName)\" could not be issued: \(error)")
        }
    }

    private func extensions(of profile: CertificateProfile, publicKey: Certificate.PublicKey) throws -> Certificate.Extensions {
        var list: [Certificate.Extension] = [
            try Certificate.Extension(BasicConstraints.notCertificateAuthority, critical: true),
            try Certificate.Extension(KeyUsage(digitalSignature: true), critical: true),
            try Certificate.Extension(SubjectKeyIdentifier(hash: publicKey), critical: false),
            try Certificate.Extension(
                AuthorityKeyIdentifier(keyIdentifier: try certificate.extensions.subjectKeyIdentifier?.keyIdentifier), critical: false),
        ]
        let usages: [ExtendedKeyUsage.Usage] =
            switch profile.purpose {
            case .server: [.serverAuth]
            case .client: [.clientAuth]
            case .workload: [.serverAuth, .clientAuth]
            case .signing: []
            }
        if !usages.isEmpty { list.append(try Certificate.Extension(ExtendedKeyUsage(usages), critical: false)) }
        var names: [GeneralName] = []
        if let id = profile.spiffeID { names.append(.uniformResourceIdentifier(id.description)) }
        names += profile.dnsNames.map { .dnsName($0) }
        names += profile.ipAddresses.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) }
        if !names.isEmpty { list.append(try Certificate.Extension(SubjectAlternativeNames(names), critical: false)) }
        if issuesTestCertificates { list.append(TestMarker.makeExtension()) }
        return try Certificate.Extensions(list)
    }

    private static func freshKey(_ curve: Curve) -> Certificate.PrivateKey {
        switch curve {
        case .p256: Certificate.PrivateKey(P256.Signing.PrivateKey())
        case .p384: Certificate.PrivateKey(P384.Signing.PrivateKey())
        }
    }

    private static func distinguishedName(commonName: String, organization: String?) throws -> DistinguishedName {
        try DistinguishedName {
            if let organization { OrganizationName(organization) }
            CommonName(commonName)
        }
    }
}

extension CertificateAuthority: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    // Without the key, wherever it gets printed.
    public var description: String { "CertificateAuthority(\(certificate.subject))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["subject": certificate.subject.description]) }
}
