import CHTTP2Shims
import COpenSSL

/// The TLS profile of every listener and every client: BSI TR-03116-4 as far as OpenSSL 3.0 can do it. The only place
/// in which versions, suites, groups and signature algorithms are named.
enum TLSProfile {
    static let suites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
    static let suites12 = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
    /// OpenSSL 3.0 offers the Brainpool groups in TLS 1.2 only, where the list limits the curves of certificates as well.
    static let groups = "P-256:P-384:P-521:brainpoolP256r1:brainpoolP384r1:brainpoolP512r1"
    /// Of a party with a Brainpool certificate: a server prefers the curve it was set up for.
    static let groupsBrainpoolFirst = "brainpoolP256r1:brainpoolP384r1:brainpoolP512r1:P-256:P-384:P-521"
    /// No SHA-1; PKCS#1 v1.5 is for TLS 1.2 handshakes and certificates.
    static let signatureAlgorithms =
        "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
        + "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512"
    /// Seconds that a session may be resumed for. TR-03116-4 allows 48 h; half of it, and contexts (with their ticket keys) live as long at most.
    static let sessionLifetime = 24 * 60 * 60

    /// Applies all that listeners and clients have in common.
    static func apply(to context: OpaquePointer, brainpool: Bool) throws(TLSError) {
        chttp2_set_safe_options(context)
        SSL_CTX_set_security_level(context, 2)
        // A Brainpool certificate cannot be used in TLS 1.3 by OpenSSL 3.0: the handshake would fail as "no certificate".
        let maximum = brainpool ? chttp2_tls1_2() : chttp2_tls1_3()
        guard chttp2_set_protocol_versions(context, chttp2_tls1_2(), maximum) == 1,
            SSL_CTX_set_ciphersuites(context, suites13) == 1,
            SSL_CTX_set_cipher_list(context, suites12) == 1,
            chttp2_set_groups(context, brainpool ? groupsBrainpoolFirst : groups) == 1,
            chttp2_set_signature_algorithms(context, signatureAlgorithms) == 1,
            SSL_CTX_set_max_early_data(context, 0) == 1
        else { throw TLSError(.configuration, "libssl refuses the TLS profile: \(OpenSSLErrors.takeReasons().text)") }
        chttp2_disable_session_cache(context)
        _ = SSL_CTX_set_timeout(context, sessionLifetime)
    }
}
