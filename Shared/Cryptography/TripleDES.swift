/// Two-key triple DES. For nothing but the key diversification schemes VISA2 and EMV CPS 1.1, which are defined with it.
public enum TripleDES {
    /// Each 8-byte block by itself under a 16-byte key.
    public static func encryptECB(_ plaintext: [UInt8], key: SecretBytes) throws(CryptographyError) -> [UInt8] {
        guard key.count == 16 else { throw CryptographyError(.invalidKeyLength, "A two-key triple DES key has 16 bytes, not \(key.count)") }
        guard plaintext.count.isMultiple(of: 8) else {
            throw CryptographyError(.invalidInputLength, "\(plaintext.count) bytes are not a whole number of DES blocks")
        }
        guard let cipher = Algorithms.twoKeyTripleDES.pointer else { throw CryptographyError(.libraryFailure, "The library offers no triple DES") }
        return try CipherContext(cipher, .encrypt, key: key).transform(plaintext)
    }
}
