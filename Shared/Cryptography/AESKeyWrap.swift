/// AES key wrap: how keys travel between parties and rest in stores.
public enum AESKeyWrap {
    /// Wraps 16 bytes or more, a multiple of 8 (RFC 3394). The result is 8 bytes longer.
    public static func wrap(_ key: SecretBytes, under wrappingKey: SecretBytes) throws(CryptographyError) -> [UInt8] {
        guard key.count >= 16, key.count.isMultiple(of: 8) else {
            throw CryptographyError(.invalidInputLength, "Key wrap takes a multiple of 8 bytes from 16 on, not \(key.count)")
        }
        return try wrap(key, Algorithms.wrap, under: wrappingKey)
    }

    /// The inverse of `wrap`.
    /// - Throws: `authenticationFailed` for a wrong wrapping key or an altered value.
    public static func unwrap(_ wrapped: [UInt8], under wrappingKey: SecretBytes) throws(CryptographyError) -> SecretBytes {
        guard wrapped.count >= 24, wrapped.count.isMultiple(of: 8) else {
            throw CryptographyError(.invalidInputLength, "A wrapped key has a multiple of 8 bytes from 24 on, not \(wrapped.count)")
        }
        return try unwrap(wrapped, Algorithms.wrap, under: wrappingKey)
    }

    /// Wraps any length from 1 byte on (RFC 5649).
    public static func wrapWithPadding(_ key: SecretBytes, under wrappingKey: SecretBytes) throws(CryptographyError) -> [UInt8] {
        guard key.count >= 1 else { throw CryptographyError(.invalidInputLength, "There is nothing to wrap") }
        return try wrap(key, Algorithms.wrapWithPadding, under: wrappingKey)
    }

    /// The inverse of `wrapWithPadding`.
    /// - Throws: `authenticationFailed` for a wrong wrapping key or an altered value.
    public static func unwrapWithPadding(_ wrapped: [UInt8], under wrappingKey: SecretBytes) throws(CryptographyError) -> SecretBytes {
        guard wrapped.count >= 16, wrapped.count.isMultiple(of: 8) else {
            throw CryptographyError(.invalidInputLength, "A wrapped key has a multiple of 8 bytes from 16 on, not \(wrapped.count)")
        }
        return try unwrap(wrapped, Algorithms.wrapWithPadding, under: wrappingKey)
    }

    private static func wrap(_ key: SecretBytes, _ mode: Algorithms.AESMode, under wrappingKey: SecretBytes) throws(CryptographyError) -> [UInt8] {
        let context = try CipherContext(mode.cipher(keyLength: wrappingKey.count), .encrypt, key: wrappingKey)
        var plain = key.withUnsafeBytes { [UInt8]($0) }
        defer { cleanse(&plain) }
        return try context.transform(plain, slack: 16)
    }

    private static func unwrap(_ wrapped: [UInt8], _ mode: Algorithms.AESMode, under wrappingKey: SecretBytes) throws(CryptographyError) -> SecretBytes {
        let context = try CipherContext(mode.cipher(keyLength: wrappingKey.count), .decrypt, key: wrappingKey)
        let plain = try context.transform(wrapped, slack: 16, failure: .authenticationFailed)
        guard !plain.isEmpty else { throw CryptographyError(.authenticationFailed, "The wrapped key did not verify") }
        return SecretBytes(consuming: plain)
    }
}
