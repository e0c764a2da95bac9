/// A certificate with its private key, both PEM, as a certificate authority hands them out.
public struct IssuedCertificate: Sendable {
    /// `CERTIFICATE`.
    public let certificatePEM: String
    /// `PRIVATE KEY` (PKCS #8). Secret.
    public let privateKeyPEM: String

    /// Writes the key first, with mode 0600, so that no certificate appears without its key. Each file atomically.
    /// - Throws: ``IdentityError`` `unwritableFile`.
    public func write(certificate certificatePath: String, privateKey keyPath: String) throws(IdentityError) {
        try AtomicFile.write(privateKeyPEM.utf8, to: keyPath, mode: AtomicFile.secretMode)
        try AtomicFile.write(certificatePEM.utf8, to: certificatePath, mode: AtomicFile.publicMode)
    }
}

extension IssuedCertificate: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    // Without the key, wherever it gets printed.
    public var description: String { "IssuedCertificate(\(certificatePEM.count) characters of PEM, key withheld)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
