internal import COpenSSL

/// A private key on one of the supported curves. It stays inside the library's key object; the only way out is the explicit PKCS#8 export.
public final class ECPrivateKey: Sendable {
    private let key: ECKeyObject

    /// The public half.
    public let publicKey: ECPublicKey

    public var curve: EllipticCurve { key.curve }

    private init(key: ECKeyObject) throws(CryptographyError) {
        self.key = key
        ERR_clear_error()
        var der = [UInt8](repeating: 0, count: Int(max(i2d_PUBKEY(key.pointer, nil), 0)))
        let written = der.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return i2d_PUBKEY(key.pointer, &cursor)
        }
        guard written > 0, Int(written) == der.count else { throw .fromLibrary(.invalidEncoding, "The private key has no public half") }
        publicKey = try ECPublicKey(subjectPublicKeyInfo: der)
    }

    /// A fresh key, from the library's own generator for private values.
    public static func generate(on curve: EllipticCurve) throws(CryptographyError) -> ECPrivateKey {
        ERR_clear_error()
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { throw .fromLibrary(.libraryFailure, "No memory for a key context") }
        defer { EVP_PKEY_CTX_free(context) }
        var pointer: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
              EVP_PKEY_CTX_set_group_name(context, curve.libraryName) == 1,
              EVP_PKEY_generate(context, &pointer) == 1, let pointer
        else { throw .fromLibrary(.libraryFailure, "No key could be generated on \(curve.rawValue)") }
        return try ECPrivateKey(key: try ECKeyObject(taking: pointer))
    }

    /// From an unencrypted DER PrivateKeyInfo (PKCS#8, RFC 5208). The key is checked against its public half.
    public convenience init(pkcs8 der: SecretBytes) throws(CryptographyError) {
        ERR_clear_error()
        var consumed = 0
        let pointer = der.withUnsafeBytes { buffer -> OpaquePointer? in
            let start = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            var cursor = start
            guard let info = d2i_PKCS8_PRIV_KEY_INFO(nil, &cursor, buffer.count) else { return nil }
            defer { PKCS8_PRIV_KEY_INFO_free(info) }
            if let start, let cursor { consumed = cursor - start }
            return EVP_PKCS82PKEY(info)
        }
        guard let pointer else { throw .fromLibrary(.invalidEncoding, "The bytes are not a private key in PKCS#8 DER") }
        let key = try ECKeyObject(taking: pointer)
        guard consumed == der.count else { throw CryptographyError(.invalidEncoding, "\(der.count - consumed) bytes follow the private key") }
        ERR_clear_error()
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil) else { throw .fromLibrary(.libraryFailure, "No memory for a key context") }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_pairwise_check(context) == 1 else { throw .fromLibrary(.invalidEncoding, "Private and public half do not belong together") }
        try self.init(key: key)
    }

    /// The unencrypted DER PrivateKeyInfo. Seal or wrap it before it is stored.
    public func pkcs8() throws(CryptographyError) -> SecretBytes {
        ERR_clear_error()
        guard let info = EVP_PKEY2PKCS8(key.pointer) else { throw .fromLibrary(.libraryFailure, "The private key could not be encoded") }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        let count = i2d_PKCS8_PRIV_KEY_INFO(info, nil)
        guard count > 0 else { throw .fromLibrary(.libraryFailure, "The private key could not be encoded") }
        return try SecretBytes(count: Int(count)) { (buffer: UnsafeMutableRawBufferPointer) throws(CryptographyError) in
            var cursor = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard i2d_PKCS8_PRIV_KEY_INFO(info, &cursor) == count else { throw .fromLibrary(.libraryFailure, "The private key could not be encoded") }
        }
    }

    /// The ECDSA signature of `message`, hashed with `hash` or else with the curve's matching hash.
    public func signature(of message: [UInt8], hash: HashFunction? = nil) throws(CryptographyError) -> ECDSASignature {
        try signature(ofDigest: try (hash ?? curve.matchingHash).digest(of: message))
    }

    /// The ECDSA signature of a message with this digest.
    public func signature(ofDigest digest: [UInt8]) throws(CryptographyError) -> ECDSASignature {
        ERR_clear_error()
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil) else { throw .fromLibrary(.libraryFailure, "No memory for a key context") }
        defer { EVP_PKEY_CTX_free(context) }
        var length = 0
        guard EVP_PKEY_sign_init(context) == 1, EVP_PKEY_sign(context, nil, &length, digest, digest.count) == 1 else {
            throw .fromLibrary(.libraryFailure, "Signing could not be set up")
        }
        var der = [UInt8](repeating: 0, count: length)
        guard EVP_PKEY_sign(context, &der, &length, digest, digest.count) == 1 else { throw .fromLibrary(.libraryFailure, "Signing failed") }
        return try ECDSASignature(der: Array(der.prefix(length)), curve: curve)
    }

    /// The x coordinate of the shared point (ECDH, NIST SP 800-56A 5.7.1.2), to be put through a key derivation.
    /// - Throws: `curveMismatch` when the other key is on another curve.
    public func sharedSecret(with other: ECPublicKey) throws(CryptographyError) -> SecretBytes {
        guard other.curve == curve else {
            throw CryptographyError(.curveMismatch, "The keys are on \(curve.rawValue) and \(other.curve.rawValue)")
        }
        ERR_clear_error()
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil) else { throw .fromLibrary(.libraryFailure, "No memory for a key context") }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, other.key.pointer) == 1 else {
            throw .fromLibrary(.libraryFailure, "Key agreement could not be set up")
        }
        return try SecretBytes(count: curve.coordinateLength) { (buffer: UnsafeMutableRawBufferPointer) throws(CryptographyError) in
            var length = buffer.count
            guard EVP_PKEY_derive(context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), &length) == 1, length == buffer.count else {
                throw .fromLibrary(.libraryFailure, "Key agreement failed")
            }
        }
    }
}
