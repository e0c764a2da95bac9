/// Why credentials, a TLS context or a handshake failed. `code` is stable; `message` says what to do.
public struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of failure, stable across versions.
    public enum Code: String, Sendable, Hashable {
        /// A PEM file cannot be read.
        case unreadableFile
        /// A PEM file holds no usable certificate or key.
        case badMaterial
        /// The private key does not belong to the leaf certificate.
        case keyMismatch
        /// A key is shorter than BSI TR-03116-4 allows (EC 250 bits, RSA 3000 bits).
        case weakKey
        /// Trust anchors are needed and none are configured.
        case noTrustAnchors
        /// libssl refused a setting or ran out of memory.
        case configuration
        /// The peer's certificate chain did not verify.
        case untrustedPeer
        /// The peer presented no certificate where one is required.
        case noPeerCertificate
        /// The peer's certificate is valid but is not the one expected here.
        case wrongPeer
        /// The peer sent an alert.
        case alert
        /// No common application protocol.
        case protocolNotOffered
        /// The handshake did not finish in time.
        case timeout
        /// The connection ended within the handshake, or before the peer's HTTP/2 settings came.
        case closed
        /// Anything else that breaks the TLS protocol: not TLS at all, a bad record, no common suite.
        case protocolViolation
    }
    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { "\(code.rawValue): \(message)" }
}
