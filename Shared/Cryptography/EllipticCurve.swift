internal import COpenSSL

/// The elliptic curves in use (FIPS 186-4, RFC 5639).
public enum EllipticCurve: String, Hashable, Sendable, CaseIterable, Codable {
    case p256 = "P-256"
    case p384 = "P-384"
    case brainpoolP256r1
    case brainpoolP384r1

    /// Bytes in a coordinate, a scalar, or half of a raw signature.
    public var coordinateLength: Int {
        switch self {
        case .p256, .brainpoolP256r1: 32
        case .p384, .brainpoolP384r1: 48
        }
    }

    /// The hash function of the curve's own strength, used when none is named.
    public var matchingHash: HashFunction { coordinateLength == 32 ? .sha256 : .sha384 }

    var libraryName: String {
        switch self {
        case .p256: "prime256v1"
        case .p384: "secp384r1"
        case .brainpoolP256r1, .brainpoolP384r1: rawValue
        }
    }
}

/// One of the library's key objects, known to be an EC key on a named curve of ours.
// Unchecked: the object is not changed after its creation, and the library's reference counts are atomic.
final class ECKeyObject: @unchecked Sendable {
    let pointer: OpaquePointer
    let curve: EllipticCurve

    /// Takes over the caller's reference; releases it if the key is none of ours.
    init(taking pointer: OpaquePointer) throws(CryptographyError) {
        var name = [CChar](repeating: 0, count: 64)
        var length = 0
        ERR_clear_error()
        var explicit: Int32 = 0
        let named = EVP_PKEY_is_a(pointer, "EC") == 1 && EVP_PKEY_get_group_name(pointer, &name, name.count, &length) == 1
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let found = EllipticCurve.allCases.first { $0.libraryName == text }
        if EVP_PKEY_get_int_param(pointer, "decoded-from-explicit", &explicit) != 1 { explicit = 0 }
        ERR_clear_error()
        guard named, explicit == 0, let found else {
            EVP_PKEY_free(pointer)
            throw CryptographyError(.unsupportedCurve, "The key is not on P-256, P-384, brainpoolP256r1 or brainpoolP384r1, named by its OID")
        }
        self.pointer = pointer
        curve = found
    }

    deinit { EVP_PKEY_free(pointer) }
}
