/// Where a party's certificate chain, key and trust anchors lie (PEM files).
public struct TLSFiles: Sendable, Hashable {
    /// Leaf first, then intermediates, in one PEM file.
    public var certificateChain: String
    /// PKCS#8 or SEC 1, unencrypted.
    public var privateKey: String
    /// The CA certificates that peers are verified against; nil if this party never verifies one.
    public var trustAnchors: String?

    public init(certificateChain: String, privateKey: String, trustAnchors: String? = nil) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.trustAnchors = trustAnchors
    }
}

/// What a listener asks of its clients.
public enum ClientCertificatePolicy: Sendable, Hashable {
    /// The handshake fails without a certificate that verifies.
    case required
    /// A certificate is asked for; one that is given must verify.
    case optional
    /// No certificate is asked for.
    case none
}
