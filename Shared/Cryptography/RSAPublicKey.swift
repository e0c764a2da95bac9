internal import COpenSSL

/// How a message is signed with RSA (PKCS #1, 8). Cards still verify the older scheme; nothing of ours is signed with it.
public enum RSASignatureScheme: Hashable, Sendable {
    /// RSASSA-PKCS1-v1_5 with SHA-1.
    case pkcs1SHA1
    /// RSASSA-PSS with SHA-256, salt of 32 bytes.
    case pssSHA256

    var isProbabilistic: Bool { self == .pssSHA256 }
    var algorithm: OpaquePointer? { self == .pkcs1SHA1 ? HashFunction.sha1.algorithm : HashFunction.sha256.algorithm }
}

/// An RSA public key of 1024 to 4096 bits, for signatures that load files and tokens of a card carry. TLS and our own tokens do not use it.
public final class RSAPublicKey: Sendable {
    let key: RSAKeyObject
    /// Big-endian, without leading zeroes.
    public let modulus: [UInt8]
    public let exponent: [UInt8]

    public var modulusBits: Int { key.bits }

    /// From big-endian numbers; leading zeroes are dropped.
    /// - Throws: `invalidEncoding` for a modulus of another length, an even modulus, or an exponent that is even, below 3 or above 32 bits.
    public init(modulus: [UInt8], exponent: [UInt8]) throws(CryptographyError) {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        guard (128...512).contains(modulus.count), let last = modulus.last, last & 1 == 1 else {
            throw CryptographyError(.invalidEncoding, "An RSA modulus is odd and has 128 to 512 bytes, not \(modulus.count)")
        }
        guard (1...4).contains(exponent.count), let low = exponent.last, low & 1 == 1, exponent != [1] else {
            throw CryptographyError(.invalidEncoding, "An RSA exponent is odd, at least 3 and at most 32 bits")
        }
        self.modulus = modulus
        self.exponent = exponent
        key = try RSAKeyObject.fromPublicNumbers(modulus: modulus, exponent: exponent)
    }

    /// Whether `signature` is this key's signature of `message`. False for a signature of another length.
    public func isValid(_ signature: [UInt8], of message: [UInt8], scheme: RSASignatureScheme) throws(CryptographyError) -> Bool {
        guard signature.count == (modulusBits + 7) / 8 else { return false }
        ERR_clear_error()
        guard let context = EVP_MD_CTX_new() else { throw .fromLibrary(.libraryFailure, "No memory for a signature") }
        defer { EVP_MD_CTX_free(context) }
        var options: OpaquePointer?
        guard EVP_DigestVerifyInit(context, &options, scheme.algorithm, nil, key.pointer) == 1, RSAKeyObject.configure(options, scheme) else {
            throw .fromLibrary(.libraryFailure, "Verification could not be set up")
        }
        let status = EVP_DigestVerify(context, signature, signature.count, message, message.count)
        ERR_clear_error()
        return status == 1
    }
}

/// An RSA private key that was generated here. It never leaves: an issuer's tokens are signed in the vault, and tests sign with fresh keys.
public final class RSAPrivateKey: Sendable {
    private let key: RSAKeyObject
    public let publicKey: RSAPublicKey

    private init(key: RSAKeyObject) throws(CryptographyError) {
        self.key = key
        publicKey = try RSAPublicKey(modulus: try key.number("n"), exponent: try key.number("e"))
    }

    /// A fresh key with exponent 65537.
    /// - Parameter bits: 1024 to 4096.
    public static func generate(bits: Int) throws(CryptographyError) -> RSAPrivateKey {
        guard (1024...4096).contains(bits) else { throw CryptographyError(.invalidKeyLength, "RSA keys have 1024 to 4096 bits, not \(bits)") }
        ERR_clear_error()
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { throw .fromLibrary(.libraryFailure, "No memory for a key context") }
        defer { EVP_PKEY_CTX_free(context) }
        var pointer: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) == 1, EVP_PKEY_generate(context, &pointer) == 1,
              let pointer
        else { throw .fromLibrary(.libraryFailure, "No RSA key could be generated") }
        return try RSAPrivateKey(key: RSAKeyObject(taking: pointer))
    }

    public func signature(of message: [UInt8], scheme: RSASignatureScheme) throws(CryptographyError) -> [UInt8] {
        ERR_clear_error()
        guard let context = EVP_MD_CTX_new() else { throw .fromLibrary(.libraryFailure, "No memory for a signature") }
        defer { EVP_MD_CTX_free(context) }
        var options: OpaquePointer?
        guard EVP_DigestSignInit(context, &options, scheme.algorithm, nil, key.pointer) == 1, RSAKeyObject.configure(options, scheme) else {
            throw .fromLibrary(.libraryFailure, "Signing could not be set up")
        }
        var length = 0
        guard EVP_DigestSign(context, nil, &length, message, message.count) == 1 else { throw .fromLibrary(.libraryFailure, "Signing failed") }
        var signature = [UInt8](repeating: 0, count: length)
        guard EVP_DigestSign(context, &signature, &length, message, message.count) == 1 else { throw .fromLibrary(.libraryFailure, "Signing failed") }
        return Array(signature.prefix(length))
    }
}

// Unchecked: the object is not changed after its creation, and the library's reference counts are atomic.
final class RSAKeyObject: @unchecked Sendable {
    let pointer: OpaquePointer

    init(taking pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit { EVP_PKEY_free(pointer) }

    var bits: Int { Int(EVP_PKEY_get_bits(pointer)) }

    static func fromPublicNumbers(modulus: [UInt8], exponent: [UInt8]) throws(CryptographyError) -> RSAKeyObject {
        ERR_clear_error()
        guard let builder = OSSL_PARAM_BLD_new() else { throw .fromLibrary(.libraryFailure, "No memory for a key") }
        defer { OSSL_PARAM_BLD_free(builder) }
        let n = BN_bin2bn(modulus, Int32(modulus.count), nil)
        let e = BN_bin2bn(exponent, Int32(exponent.count), nil)
        defer {
            BN_free(n)
            BN_free(e)
        }
        guard OSSL_PARAM_BLD_push_BN(builder, RSAParameterName.modulus, n) == 1, OSSL_PARAM_BLD_push_BN(builder, RSAParameterName.exponent, e) == 1,
              let parameters = OSSL_PARAM_BLD_to_param(builder)
        else { throw .fromLibrary(.libraryFailure, "The key's parameters could not be set up") }
        defer { OSSL_PARAM_free(parameters) }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { throw .fromLibrary(.libraryFailure, "No memory for a key context") }
        defer { EVP_PKEY_CTX_free(context) }
        var pointer: OpaquePointer?
        // 0x86: EVP_PKEY_PUBLIC_KEY, a macro.
        guard EVP_PKEY_fromdata_init(context) == 1, EVP_PKEY_fromdata(context, &pointer, 0x86, parameters) == 1, let pointer else {
            throw .fromLibrary(.invalidEncoding, "The numbers are no RSA public key")
        }
        return RSAKeyObject(taking: pointer)
    }

    /// Padding 1 is PKCS #1 v1.5, 6 is PSS.
    static func configure(_ context: OpaquePointer?, _ scheme: RSASignatureScheme) -> Bool {
        guard EVP_PKEY_CTX_set_rsa_padding(context, scheme.isProbabilistic ? 6 : 1) == 1 else { return false }
        return !scheme.isProbabilistic || EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 32) == 1
    }

    func number(_ name: String) throws(CryptographyError) -> [UInt8] {
        ERR_clear_error()
        var value: OpaquePointer?
        defer { BN_free(value) }
        guard EVP_PKEY_get_bn_param(pointer, name, &value) == 1 else { throw .fromLibrary(.libraryFailure, "The key could not be read") }
        var result = [UInt8](repeating: 0, count: (Int(BN_num_bits(value)) + 7) / 8)
        guard BN_bn2bin(value, &result) == Int32(result.count) else { throw .fromLibrary(.libraryFailure, "The key could not be read") }
        return result
    }
}

/// Names of the library's key parameters, in memory that stays.
private enum RSAParameterName {
    static var modulus: UnsafePointer<CChar> { pointer(to: "n") }
    static var exponent: UnsafePointer<CChar> { pointer(to: "e") }

    private static func pointer(to name: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
