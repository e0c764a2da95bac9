import COpenSSL

/// Binds SPIFFE trust domains to the CAs that may speak for them, within the handshake.
///
/// A listener that serves two domains trusts two CAs, and either could write any name into a certificate. So an anchor may
/// carry its trust domain as URI, `spiffe://domain` (SPIFFE X.509-SVID, 3.1), and then vouches for IDs of that domain alone.
/// Checked where libssl verifies the chain, hence before any session ticket leaves: a refused certificate cannot be resumed.
enum TrustDomainBinding {
    /// For `SSL_CTX_set_verify`: called for every certificate of the chain, the leaf last.
    static let verify: @convention(c) (Int32, OpaquePointer?) -> Int32 = { verified, store in
        guard verified == 1, let store else { return verified }
        let depth = X509_STORE_CTX_get_error_depth(store)
        // Weak keys are refused here too, and not after the handshake: by then a ticket would have left already.
        if let certificate = X509_STORE_CTX_get_current_cert(store), Certificate.weakness(of: certificate) != nil {
            X509_STORE_CTX_set_error(store, depth == 0 ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL)
            return 0
        }
        guard depth == 0 else { return verified }
        guard TrustDomainBinding.holds(store) else {
            X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
            return 0
        }
        return 1
    }

    private static func holds(_ store: OpaquePointer) -> Bool {
        guard let chain = X509_STORE_CTX_get0_chain(store), OPENSSL_sk_num(chain) > 0,
              let first = OPENSSL_sk_value(chain, 0), let last = OPENSSL_sk_value(chain, OPENSSL_sk_num(chain) - 1)
        else { return false }
        return permits(leaf: PeerIdentity.alternativeNames(of: OpaquePointer(first)).uris, anchor: PeerIdentity.alternativeNames(of: OpaquePointer(last)).uris)
    }

    /// - Parameters:
    ///   - leaf: URIs of the peer's certificate.
    ///   - anchor: URIs of the CA that its chain ends in; without a trust domain among them it is not bound.
    static func permits(leaf: [String], anchor: [String]) -> Bool {
        let domains = Set(anchor.compactMap(trustDomain))
        guard !domains.isEmpty else { return true }
        return leaf.filter { $0.lowercased().hasPrefix("spiffe:") }.allSatisfy { uri in trustDomain(uri).map(domains.contains) ?? false }
    }

    private static func trustDomain(_ uri: String) -> String? {
        let scheme = "spiffe://"
        guard uri.lowercased().hasPrefix(scheme) else { return nil }
        let domain = uri.dropFirst(scheme.count).prefix { $0 != "/" }
        return domain.isEmpty ? nil : domain.lowercased()
    }
}
