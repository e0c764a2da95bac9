internal import COpenSSL

/// An ECDSA signature; kept as `r | s`, each as long as a coordinate of its curve, as JSON web tokens have it. Certificates and
/// attestation tokens carry the DER form.
public struct ECDSASignature: Hashable, Sendable {
    /// `r | s`.
    public let rawRepresentation: [UInt8]

    /// From `r | s`, which must fit the curve in length.
    public init(raw: [UInt8], curve: EllipticCurve) throws(CryptographyError) {
        guard raw.count == 2 * curve.coordinateLength else {
            throw CryptographyError(.invalidEncoding, "A raw signature on \(curve.rawValue) has \(2 * curve.coordinateLength) bytes, not \(raw.count)")
        }
        rawRepresentation = raw
    }

    /// From the DER SEQUENCE of two INTEGERs (RFC 3279, 2.2.3).
    public init(der: [UInt8], curve: EllipticCurve) throws(CryptographyError) {
        ERR_clear_error()
        var consumed = 0
        let signature = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor = buffer.baseAddress
            let result = d2i_ECDSA_SIG(nil, &cursor, buffer.count)
            if let start = buffer.baseAddress, let cursor { consumed = cursor - start }
            return result
        }
        guard let signature else { throw .fromLibrary(.invalidEncoding, "The bytes are not an ECDSA signature in DER") }
        defer { ECDSA_SIG_free(signature) }
        guard consumed == der.count else { throw CryptographyError(.invalidEncoding, "\(der.count - consumed) bytes follow the signature") }
        let length = curve.coordinateLength
        var raw = [UInt8](repeating: 0, count: 2 * length)
        let fits = raw.withUnsafeMutableBufferPointer { buffer -> Bool in
            guard let start = buffer.baseAddress else { return false }
            let (r, s) = (ECDSA_SIG_get0_r(signature), ECDSA_SIG_get0_s(signature))
            return BN_is_negative(r) == 0 && BN_is_negative(s) == 0
                && BN_bn2binpad(r, start, Int32(length)) == Int32(length) && BN_bn2binpad(s, start + length, Int32(length)) == Int32(length)
        }
        ERR_clear_error()
        guard fits else { throw CryptographyError(.invalidEncoding, "The signature's numbers do not fit \(curve.rawValue)") }
        rawRepresentation = raw
    }

    /// The DER SEQUENCE of two INTEGERs.
    public func derRepresentation() throws(CryptographyError) -> [UInt8] {
        let half = rawRepresentation.count / 2
        ERR_clear_error()
        guard let signature = ECDSA_SIG_new() else { throw .fromLibrary(.libraryFailure, "No memory for a signature") }
        defer { ECDSA_SIG_free(signature) }
        let r = BN_bin2bn(Array(rawRepresentation[..<half]), Int32(half), nil)
        let s = BN_bin2bn(Array(rawRepresentation[half...]), Int32(half), nil)
        guard ECDSA_SIG_set0(signature, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            throw .fromLibrary(.libraryFailure, "The signature could not be encoded")
        }
        let count = i2d_ECDSA_SIG(signature, nil)
        guard count > 0 else { throw .fromLibrary(.libraryFailure, "The signature could not be encoded") }
        var result = [UInt8](repeating: 0, count: Int(count))
        let written = result.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return i2d_ECDSA_SIG(signature, &cursor)
        }
        guard written == count else { throw .fromLibrary(.libraryFailure, "The signature could not be encoded") }
        return result
    }
}
