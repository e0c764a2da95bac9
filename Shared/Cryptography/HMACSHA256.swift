internal import COpenSSL

/// HMAC-SHA-256 (RFC 2104) and the key derivation built on it (RFC 5869).
public enum HMACSHA256 {
    /// Bytes in a code.
    public static let codeLength = 32

    /// The 32-byte code of `message`.
    public static func code(over message: [UInt8], key: SecretBytes) throws(CryptographyError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: codeLength)
        var length = 0
        ERR_clear_error()
        let done = key.withUnsafeBytes { key in
            EVP_Q_mac(nil, "HMAC", nil, "SHA256", nil, key.baseAddress, key.count, message, message.count, &result, codeLength, &length) != nil
        }
        guard done, length == codeLength else { throw .fromLibrary(.libraryFailure, "HMAC-SHA-256 failed") }
        return result
    }

    /// Whether `code` is the code of `message`, compared in constant time.
    public static func isValid(_ code: [UInt8], over message: [UInt8], key: SecretBytes) throws(CryptographyError) -> Bool {
        constantTimeEqual(try Self.code(over: message, key: key), code)
    }
}

/// HKDF with SHA-256 (RFC 5869).
public enum HKDFSHA256 {
    /// `count` bytes (1 to 8160) derived from `secret`.
    public static func deriveKey(from secret: SecretBytes, salt: [UInt8] = [], info: [UInt8], count: Int) throws(CryptographyError) -> SecretBytes {
        guard (1...255 * HMACSHA256.codeLength).contains(count) else {
            throw CryptographyError(.invalidInputLength, "HKDF gives 1 to 8160 bytes, not \(count)")
        }
        let salt = SecretBytes(copying: salt.isEmpty ? [UInt8](repeating: 0, count: HMACSHA256.codeLength) : salt)
        var input = secret.withUnsafeBytes { [UInt8]($0) }
        defer { cleanse(&input) }
        let extracted = SecretBytes(consuming: try HMACSHA256.code(over: input, key: salt))
        var output: [UInt8] = []
        output.reserveCapacity(count + HMACSHA256.codeLength)
        var block: [UInt8] = []
        var counter: UInt8 = 1
        while output.count < count {
            block = try HMACSHA256.code(over: block + info + [counter], key: extracted)
            output += block
            counter &+= 1
        }
        defer {
            cleanse(&block)
            cleanse(&output)
        }
        return SecretBytes(copying: output.prefix(count))
    }
}
