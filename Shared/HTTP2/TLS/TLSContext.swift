import CHTTP2Shims
import COpenSSL
import Synchronization

/// One SSL_CTX, made once from checked material and not changed afterwards.
///
/// `@unchecked Sendable`: libssl locks an SSL_CTX itself; all its settings are made in the initialisers.
final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer
    let isServer: Bool
    let acceptsHTTP1: Bool
    let clientCertificates: ClientCertificatePolicy
    private let session = Mutex<TLSSessionTicket?>(nil)

    /// A listener's context.
    init(server material: TLSMaterial, clientCertificates: ClientCertificatePolicy, acceptsHTTP2: Bool = true, acceptsHTTP1: Bool) throws(TLSError) {
        pointer = try Self.make(TLS_server_method(), material: material)
        isServer = true
        self.acceptsHTTP1 = acceptsHTTP1
        self.clientCertificates = clientCertificates
        chttp2_accept_protocols(pointer, acceptsHTTP2 ? 1 : 0, acceptsHTTP1 ? 1 : 0)
        if clientCertificates != .none {
            guard let anchors = material.anchors else {
                throw TLSError(.noTrustAnchors, "client certificates are asked for, but no trust anchors are configured: set the trust anchors file")
            }
            try Self.trust(anchors, in: pointer)
            // The names of the anchors let a client choose which of its certificates to present.
            let names = OPENSSL_sk_new_null()
            for anchor in anchors {
                if let name = X509_NAME_dup(X509_get_subject_name(anchor.pointer)) { OPENSSL_sk_push(names, UnsafeRawPointer(name)) }
            }
            SSL_CTX_set_client_CA_list(pointer, names)
            let mode = SSL_VERIFY_PEER | (clientCertificates == .required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0)
            SSL_CTX_set_verify(pointer, mode, TrustDomainBinding.verify)
        }
        // Resuming a session of a client with a certificate needs to know the listener's kind it was made for.
        let kind: [UInt8] = [clientCertificates == .required ? 2 : clientCertificates == .optional ? 1 : 0, (acceptsHTTP2 ? 2 : 0) + (acceptsHTTP1 ? 1 : 0)]
        guard SSL_CTX_set_session_id_context(pointer, kind, UInt32(kind.count)) == 1, SSL_CTX_set_num_tickets(pointer, 1) == 1 else {
            throw TLSError(.configuration, "libssl refuses the session context: \(OpenSSLErrors.takeReasons().text)")
        }
    }

    /// A client's context: the server is always verified against `anchors`. `protocols` are offered by ALPN, the preferred one first.
    init(client material: TLSMaterial?, anchors: [Certificate], protocols: [String], acceptsPartialChains: Bool = false) throws(TLSError) {
        pointer = try Self.make(TLS_client_method(), material: material)
        isServer = false
        acceptsHTTP1 = protocols.contains("http/1.1")
        clientCertificates = .none
        try Self.trust(anchors, in: pointer)
        if acceptsPartialChains, X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(pointer), UInt(X509_V_FLAG_PARTIAL_CHAIN)) != 1 {
            throw TLSError(.configuration, "libssl refuses to end chains at the trust anchors: \(OpenSSLErrors.takeReasons().text)")
        }
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, TrustDomainBinding.verify)
        let offer = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        // Unlike its neighbours this function answers 0 on success.
        guard SSL_CTX_set_alpn_protos(pointer, offer, UInt32(offer.count)) == 0 else {
            throw TLSError(.configuration, "libssl refuses the application protocols")
        }
    }

    deinit { SSL_CTX_free(pointer) }

    /// A client's: resumes the last session where there is one. A ticket is used once (RFC 8446, C.4).
    func resumeSession(on ssl: OpaquePointer) {
        let ticket = session.withLock { session in
            defer { session = nil }
            return session
        }
        if let ticket { _ = SSL_set_session(ssl, ticket.pointer) }
    }

    /// A client's: keeps the session of a connection that was up.
    func keepSession(of ssl: OpaquePointer) {
        // A copy: freeing an SSL that was not shut down marks its session as not resumable.
        guard !isServer, let current = SSL_get_session(ssl), SSL_SESSION_is_resumable(current) == 1, let copy = SSL_SESSION_dup(current) else { return }
        let ticket = TLSSessionTicket(owning: copy)
        session.withLock { $0 = ticket }
    }

    private static func make(_ method: OpaquePointer?, material: TLSMaterial?) throws(TLSError) -> OpaquePointer {
        OpenSSLErrors.clear()
        guard let context = SSL_CTX_new(method) else {
            throw TLSError(.configuration, "libssl makes no context: \(OpenSSLErrors.takeReasons().text)")
        }
        do throws(TLSError) {
            try TLSProfile.apply(to: context, brainpool: material?.leaf.hasBrainpoolKey ?? false)
            if let material {
                guard SSL_CTX_use_certificate(context, material.leaf.pointer) == 1, SSL_CTX_use_PrivateKey(context, material.key) == 1 else {
                    throw TLSError(.configuration, "libssl refuses the certificate of \(material.leaf.subject): \(OpenSSLErrors.takeReasons().text)")
                }
                for certificate in material.chain.dropFirst() where chttp2_add_chain_certificate(context, certificate.pointer) != 1 {
                    throw TLSError(.configuration, "libssl refuses the chain certificate \(certificate.subject): \(OpenSSLErrors.takeReasons().text)")
                }
            }
            return context
        } catch {
            SSL_CTX_free(context)
            throw error
        }
    }

    private static func trust(_ anchors: [Certificate], in context: OpaquePointer) throws(TLSError) {
        guard let store = SSL_CTX_get_cert_store(context) else { throw TLSError(.configuration, "libssl has no certificate store") }
        for anchor in anchors where X509_STORE_add_cert(store, anchor.pointer) != 1 {
            throw TLSError(.configuration, "libssl refuses the trust anchor \(anchor.subject): \(OpenSSLErrors.takeReasons().text)")
        }
    }
}

/// One SSL_SESSION, owned.
///
/// `@unchecked Sendable`: libssl counts its references atomically, and nothing changes it here.
private final class TLSSessionTicket: @unchecked Sendable {
    let pointer: OpaquePointer
    init(owning pointer: OpaquePointer) { self.pointer = pointer }
    deinit { SSL_SESSION_free(pointer) }
}
