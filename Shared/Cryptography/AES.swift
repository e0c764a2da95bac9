/// AES with 128, 192 or 256-bit keys in its plain modes (FIPS 197, NIST SP 800-38A). Inputs are whole blocks: padding is the protocol's business.
public enum AES {
    /// Bytes in a block.
    public static let blockLength = 16

    /// Each block by itself.
    public static func encryptECB(_ plaintext: [UInt8], key: SecretBytes) throws(CryptographyError) -> [UInt8] {
        try checkBlocks(plaintext)
        return try CipherContext(Algorithms.ecb.cipher(keyLength: key.count), .encrypt, key: key).transform(plaintext)
    }

    /// Each block by itself.
    public static func decryptECB(_ ciphertext: [UInt8], key: SecretBytes) throws(CryptographyError) -> [UInt8] {
        try checkBlocks(ciphertext)
        return try CipherContext(Algorithms.ecb.cipher(keyLength: key.count), .decrypt, key: key).transform(ciphertext)
    }

    /// Cipher block chaining from a 16-byte `iv`.
    public static func encryptCBC(_ plaintext: [UInt8], key: SecretBytes, iv: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try checkBlocks(plaintext)
        try checkIV(iv)
        return try CipherContext(Algorithms.cbc.cipher(keyLength: key.count), .encrypt, key: key, iv: iv).transform(plaintext)
    }

    /// Cipher block chaining from a 16-byte `iv`.
    public static func decryptCBC(_ ciphertext: [UInt8], key: SecretBytes, iv: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try checkBlocks(ciphertext)
        try checkIV(iv)
        return try CipherContext(Algorithms.cbc.cipher(keyLength: key.count), .decrypt, key: key, iv: iv).transform(ciphertext)
    }

    static func checkBlocks(_ bytes: [UInt8]) throws(CryptographyError) {
        guard bytes.count.isMultiple(of: blockLength) else {
            throw CryptographyError(.invalidInputLength, "\(bytes.count) bytes are not a whole number of AES blocks")
        }
    }

    private static func checkIV(_ iv: [UInt8]) throws(CryptographyError) {
        guard iv.count == blockLength else { throw CryptographyError(.invalidInputLength, "An initial value has 16 bytes, not \(iv.count)") }
    }
}

/// The key check value of an AES key: the first 3 bytes of AES-ECB over 16 bytes 01 (GPCS Amendment D, 4.1.4).
public func aesKeyCheckValue(_ key: SecretBytes) throws(CryptographyError) -> [UInt8] {
    Array(try AES.encryptECB([UInt8](repeating: 1, count: AES.blockLength), key: key).prefix(3))
}
