import COpenSSL
import Foundation

/// What a finished handshake agreed on.
struct TLSSession: Sendable {
    let applicationProtocol: String?
    let peer: PeerIdentity?
    let version: String
    let suite: String
    let resumed: Bool
}

/// Judges a handshake: whether the peer is who it must be, and why a handshake failed.
enum TLSVerdict {
    /// What the finished handshake of `ssl` agreed on, if all of it is acceptable.
    static func session(of ssl: OpaquePointer, on context: TLSContext, expectation: PeerExpectation?, now: Date) -> Result<TLSSession, TLSError> {
        var identity: PeerIdentity?
        if let certificate = SSL_get0_peer_certificate(ssl) {
            let found = PeerIdentity(certificate: certificate)
            if let error = check(ssl, found, certificate, expectation, now) { return .failure(error) }
            identity = found
        } else if context.clientCertificates == .required || !context.isServer {
            return .failure(TLSError(.noPeerCertificate, "the peer presented no certificate"))
        }
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        let selected = name.map { String(decoding: UnsafeBufferPointer(start: $0, count: Int(length)), as: UTF8.self) }
        if selected != "h2", !context.acceptsHTTP1 {
            return .failure(TLSError(.protocolNotOffered, "the peer did not agree on h2 by ALPN, and HTTP/1.1 is not accepted here"))
        }
        return .success(
            TLSSession(
                applicationProtocol: selected, peer: identity, version: String(cString: SSL_get_version(ssl)),
                suite: SSL_get_current_cipher(ssl).flatMap { SSL_CIPHER_get_name($0) }.map { String(cString: $0) } ?? "",
                resumed: SSL_session_reused(ssl) == 1))
    }

    /// libssl verified the chain; on a resumed session it did so when the session was made, hence the look at the validity.
    private static func check(
        _ ssl: OpaquePointer, _ identity: PeerIdentity, _ certificate: OpaquePointer, _ expectation: PeerExpectation?, _ now: Date
    ) -> TLSError? {
        let result = SSL_get_verify_result(ssl)
        guard result == Int(X509_V_OK) else { return TLSError(.untrustedPeer, verification(result)) }
        guard identity.notAfter > now else { return TLSError(.untrustedPeer, "the certificate of \(identity.subject) has expired") }
        if let expectation, !expectation.matches(identity, certificate: certificate) {
            let names = identity.uris + identity.dnsNames
            return TLSError(.wrongPeer, "expected \(expectation), but the certificate of \(identity.subject) says [\(names.joined(separator: ", "))]")
        }
        return nil
    }

    private static func verification(_ result: Int) -> String {
        "the peer's certificate does not verify: " + String(cString: X509_verify_cert_error_string(result))
    }

    /// Why the last call on `ssl` failed, from libssl's queue; to be called right after it.
    static func failure(of ssl: OpaquePointer) -> TLSError {
        let reasons = OpenSSLErrors.takeReasons()
        let verified = SSL_get_verify_result(ssl)
        if reasons.wasVerification || (verified != Int(X509_V_OK) && !reasons.isAlert) { return TLSError(.untrustedPeer, verification(verified)) }
        if reasons.text.contains("peer did not return a certificate") {
            return TLSError(.noPeerCertificate, "the peer presented no certificate, one is required here")
        }
        if reasons.text.contains("no application protocol") { return TLSError(.protocolNotOffered, "no common application protocol: \(reasons.text)") }
        return reasons.isAlert ? TLSError(.alert, "the peer sent an alert: \(reasons.text)") : TLSError(.protocolViolation, reasons.text)
    }
}
