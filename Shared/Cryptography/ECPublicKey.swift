internal import COpenSSL

/// A public key on one of the supported curves, checked to be a point of it.
public final class ECPublicKey: Sendable {
    let key: ECKeyObject

    public var curve: EllipticCurve { key.curve }

    init(key: ECKeyObject) throws(CryptographyError) {
        self.key = key
        ERR_clear_error()
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil) else { throw .fromLibrary(.libraryFailure, "No memory for a key context") }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_public_check(context) == 1 else { throw .fromLibrary(.invalidEncoding, "The public key is not a valid point of its curve") }
    }

    /// From a DER SubjectPublicKeyInfo (RFC 5480).
    public convenience init(subjectPublicKeyInfo der: [UInt8]) throws(CryptographyError) {
        ERR_clear_error()
        var consumed = 0
        let pointer = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor = buffer.baseAddress
            let result = d2i_PUBKEY(nil, &cursor, buffer.count)
            if let start = buffer.baseAddress, let cursor { consumed = cursor - start }
            return result
        }
        guard let pointer else { throw .fromLibrary(.invalidEncoding, "The bytes are not a public key in DER") }
        let key = try ECKeyObject(taking: pointer)
        guard consumed == der.count else { throw CryptographyError(.invalidEncoding, "\(der.count - consumed) bytes follow the public key") }
        try self.init(key: key)
    }

    /// From a point as in SEC 1, 2.3.4: `04 x y` or compressed.
    public convenience init(point: [UInt8], curve: EllipticCurve) throws(CryptographyError) {
        ERR_clear_error()
        guard let builder = OSSL_PARAM_BLD_new() else { throw .fromLibrary(.libraryFailure, "No memory for a key") }
        defer { OSSL_PARAM_BLD_free(builder) }
        // The builder keeps pointers: to name and point until the parameters are made, to the parameters' own names for good.
        let parameters = point.withUnsafeBytes { point in
            curve.libraryName.withCString { name -> UnsafeMutablePointer<OSSL_PARAM>? in
                guard OSSL_PARAM_BLD_push_utf8_string(builder, ParameterName.group, name, 0) == 1,
                      OSSL_PARAM_BLD_push_octet_string(builder, ParameterName.publicPoint, point.baseAddress, point.count) == 1
                else { return nil }
                return OSSL_PARAM_BLD_to_param(builder)
            }
        }
        guard let parameters else { throw .fromLibrary(.libraryFailure, "The key's parameters could not be set up") }
        defer { OSSL_PARAM_free(parameters) }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { throw .fromLibrary(.libraryFailure, "No memory for a key context") }
        defer { EVP_PKEY_CTX_free(context) }
        var pointer: OpaquePointer?
        // 0x86: domain parameters, other parameters and public key (EVP_PKEY_PUBLIC_KEY, a macro).
        guard EVP_PKEY_fromdata_init(context) == 1, EVP_PKEY_fromdata(context, &pointer, 0x86, parameters) == 1, let pointer else {
            throw .fromLibrary(.invalidEncoding, "The bytes are not a point of \(curve.rawValue)")
        }
        try self.init(key: try ECKeyObject(taking: pointer))
    }

    /// The DER SubjectPublicKeyInfo with the curve named by its OID.
    public func subjectPublicKeyInfo() throws(CryptographyError) -> [UInt8] {
        ERR_clear_error()
        let count = i2d_PUBKEY(key.pointer, nil)
        guard count > 0 else { throw .fromLibrary(.libraryFailure, "The public key could not be encoded") }
        var result = [UInt8](repeating: 0, count: Int(count))
        let written = result.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return i2d_PUBKEY(key.pointer, &cursor)
        }
        guard written == count else { throw .fromLibrary(.libraryFailure, "The public key could not be encoded") }
        return result
    }

    /// The uncompressed point `04 x y` (SEC 1, 2.3.3).
    public func point() throws(CryptographyError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 1 + 2 * curve.coordinateLength)
        let length = curve.coordinateLength
        ERR_clear_error()
        // A key imported from a compressed point would be given back compressed: rebuild it from its coordinates.
        var x: OpaquePointer?
        var y: OpaquePointer?
        defer {
            BN_free(x)
            BN_free(y)
        }
        guard EVP_PKEY_get_bn_param(key.pointer, "qx", &x) == 1, EVP_PKEY_get_bn_param(key.pointer, "qy", &y) == 1 else {
            throw .fromLibrary(.libraryFailure, "The point could not be read")
        }
        result[0] = 4
        let done = result.withUnsafeMutableBufferPointer { buffer -> Bool in
            guard let start = buffer.baseAddress else { return false }
            return BN_bn2binpad(x, start + 1, Int32(length)) == Int32(length) && BN_bn2binpad(y, start + 1 + length, Int32(length)) == Int32(length)
        }
        guard done else { throw .fromLibrary(.libraryFailure, "The point could not be read") }
        return result
    }

    /// Whether `signature` is this key's ECDSA signature of `message` (FIPS 186-4, 6.4).
    public func isValid(_ signature: ECDSASignature, of message: [UInt8], hash: HashFunction? = nil) throws(CryptographyError) -> Bool {
        try isValid(signature, ofDigest: try (hash ?? curve.matchingHash).digest(of: message))
    }

    /// Whether `signature` is this key's ECDSA signature of a message with this digest. False for a signature of another curve.
    public func isValid(_ signature: ECDSASignature, ofDigest digest: [UInt8]) throws(CryptographyError) -> Bool {
        guard signature.rawRepresentation.count == 2 * curve.coordinateLength else { return false }
        let der = try signature.derRepresentation()
        ERR_clear_error()
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil) else { throw .fromLibrary(.libraryFailure, "No memory for a key context") }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_verify_init(context) == 1 else { throw .fromLibrary(.libraryFailure, "Verification could not be set up") }
        let status = EVP_PKEY_verify(context, der, der.count, digest, digest.count)
        ERR_clear_error()
        return status == 1
    }
}

extension ECPublicKey: Equatable {
    public static func == (left: ECPublicKey, right: ECPublicKey) -> Bool {
        left.curve == right.curve && EVP_PKEY_eq(left.key.pointer, right.key.pointer) == 1
    }
}

/// Names of the library's key parameters, in memory that stays.
private enum ParameterName {
    static var group: UnsafePointer<CChar> { pointer(to: "group") }
    static var publicPoint: UnsafePointer<CChar> { pointer(to: "pub") }

    private static func pointer(to name: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
