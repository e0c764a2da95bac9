import COpenSSL
public import struct Foundation.Date

/// What TLS says of the other side; made once per connection, after its certificate chain verified.
public struct PeerIdentity: Sendable, Hashable {
    /// The leaf certificate, DER.
    public let certificateDER: [UInt8]
    /// SHA-256 of `certificateDER`, 32 bytes.
    public let certificateSHA256: [UInt8]
    /// The subject, RFC 2253.
    public let subject: String
    /// The URI subject alternative names, such as `spiffe://sp-tsm.example/gateway-handset`.
    public let uris: [String]
    /// The DNS subject alternative names.
    public let dnsNames: [String]
    /// The end of the certificate's validity.
    public let notAfter: Date

    public init(certificateDER: [UInt8], certificateSHA256: [UInt8], subject: String, uris: [String], dnsNames: [String], notAfter: Date) {
        self.certificateDER = certificateDER
        self.certificateSHA256 = certificateSHA256
        self.subject = subject
        self.uris = uris
        self.dnsNames = dnsNames
        self.notAfter = notAfter
    }

    /// The SPIFFE ID, if the certificate is an X.509-SVID: exactly one URI, of scheme `spiffe` (SPIFFE X.509-SVID, 2).
    public var spiffeID: String? { uris.count == 1 && uris[0].hasPrefix("spiffe://") ? uris[0] : nil }

    /// Reads a verified certificate; the caller keeps the reference.
    init(certificate: OpaquePointer) {
        guard X509_up_ref(certificate) == 1 else {
            self.init(certificateDER: [], certificateSHA256: [], subject: "", uris: [], dnsNames: [], notAfter: .distantPast)
            return
        }
        let owned = Certificate(owning: certificate)
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        _ = X509_digest(certificate, EVP_sha256(), &digest, &length)
        let names = Self.alternativeNames(of: certificate)
        self.init(
            certificateDER: owned.der, certificateSHA256: digest, subject: owned.subject, uris: names.uris, dnsNames: names.dns, notAfter: owned.notAfter)
    }

    static func alternativeNames(of certificate: OpaquePointer) -> (uris: [String], dns: [String]) {
        guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return ([], []) }
        let stack = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(stack) }
        var uris: [String] = []
        var dns: [String] = []
        for index in 0..<max(0, OPENSSL_sk_num(stack)) {
            guard let element = OPENSSL_sk_value(stack, index) else { continue }
            var type: Int32 = 0
            guard let value = GENERAL_NAME_get0_value(element.assumingMemoryBound(to: GENERAL_NAME.self), &type), type == GEN_URI || type == GEN_DNS
            else { continue }
            let string = UnsafePointer<ASN1_STRING>(value.assumingMemoryBound(to: ASN1_STRING.self))
            guard let bytes = ASN1_STRING_get0_data(string) else { continue }
            let content = UnsafeBufferPointer(start: bytes, count: Int(ASN1_STRING_length(string)))
            // A name with a NUL or anything beyond printable ASCII is no name that an allow-list could mean.
            guard content.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { continue }
            if type == GEN_URI { uris.append(String(decoding: content, as: UTF8.self)) } else { dns.append(String(decoding: content, as: UTF8.self)) }
        }
        return (uris, dns)
    }
}
