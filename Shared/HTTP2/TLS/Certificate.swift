import CHTTP2Shims
import COpenSSL
import Foundation

/// One X.509 certificate of libcrypto, owned.
///
/// `@unchecked Sendable`: the X509 is never changed after parsing and libcrypto counts its references atomically.
final class Certificate: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over one reference.
    init(owning pointer: OpaquePointer) { self.pointer = pointer }
    deinit { X509_free(pointer) }

    var der: [UInt8] {
        let length = i2d_X509(pointer, nil)
        guard length > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(length))
        bytes.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            _ = i2d_X509(pointer, &cursor)
        }
        return bytes
    }

    var subject: String { Self.text(of: X509_get_subject_name(pointer)) }

    var notAfter: Date {
        var parts = tm()
        guard let time = X509_get0_notAfter(pointer), ASN1_TIME_to_tm(time, &parts) == 1 else { return .distantPast }
        return Date(timeIntervalSince1970: TimeInterval(timegm(&parts)))
    }

    /// Whether the key is on a Brainpool curve, which OpenSSL 3.0 can use in TLS 1.2 only.
    var hasBrainpoolKey: Bool {
        guard let key = X509_get0_pubkey(pointer), EVP_PKEY_get_base_id(key) == EVP_PKEY_EC else { return false }
        var name = [CChar](repeating: 0, count: 64)
        guard EVP_PKEY_get_group_name(key, &name, name.count, nil) == 1 else { return false }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).hasPrefix("brainpool")
    }

    /// Why the key is too weak (BSI TR-03116-4: EC at least 250 bits, RSA at least 3000 bits), or nil.
    var weakness: String? { Self.weakness(of: pointer) }

    static func weakness(of certificate: OpaquePointer) -> String? {
        guard let key = X509_get0_pubkey(certificate) else { return "its public key cannot be read" }
        let bits = EVP_PKEY_get_bits(key)
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_EC: return bits >= 250 ? nil : "its elliptic curve has \(bits) bits, at least 250 are needed"
        case EVP_PKEY_RSA, EVP_PKEY_RSA_PSS: return bits >= 3000 ? nil : "its RSA key has \(bits) bits, at least 3000 are needed"
        default: return "its key is neither EC nor RSA"
        }
    }

    static func text(of name: OpaquePointer?) -> String {
        guard let name, let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        guard X509_NAME_print_ex(bio, name, 0, UInt(chttp2_rfc2253())) >= 0 else { return "" }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = BIO_read(bio, &bytes, Int32(bytes.count))
        return count > 0 ? String(decoding: bytes[..<Int(count)], as: UTF8.self) : ""
    }

    /// All certificates of a PEM text, in its order.
    static func parse(pem: [UInt8], from place: String) throws(TLSError) -> [Certificate] {
        guard let bio = pem.withUnsafeBytes({ BIO_new_mem_buf($0.baseAddress, Int32(clamping: $0.count)) }) else {
            throw TLSError(.configuration, "out of memory while reading \(place)")
        }
        defer { BIO_free(bio) }
        // A memory BIO refers to the bytes: keep them alive for the whole of the reading.
        return try withExtendedLifetime(pem) { () throws(TLSError) -> [Certificate] in
            var found: [Certificate] = []
            OpenSSLErrors.clear()
            while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) { found.append(Certificate(owning: certificate)) }
            let last = ERR_peek_last_error()
            OpenSSLErrors.clear()
            // Running out of PEM blocks is how the reading ends; anything else is a broken block.
            guard !found.isEmpty, Int32(last & 0x7F_FFFF) == PEM_R_NO_START_LINE else {
                throw TLSError(.badMaterial, "\(place) holds no certificate, or a broken one: give PEM blocks of BEGIN CERTIFICATE")
            }
            return found
        }
    }
}
