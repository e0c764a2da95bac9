internal import COpenSSL

/// AES-GCM (NIST SP 800-38D) with a 12-byte nonce and a 16-byte tag: for sealing what rests in stores.
public enum AESGCM {
    public static let nonceLength = 12
    public static let tagLength = 16

    /// Nonce, ciphertext and tag in one, with a fresh nonce. `context` is authenticated, not stored: give the same to `open`.
    public static func seal(
        _ plaintext: [UInt8], key: SecretBytes, context: [UInt8] = [], using random: some RandomSource
    ) throws(CryptographyError) -> [UInt8] {
        let nonce = try random.bytes(nonceLength)
        return nonce + (try encrypt(plaintext, key: key, nonce: nonce, context: context))
    }

    /// The inverse of `seal`.
    /// - Throws: `authenticationFailed` for a wrong key, a wrong context or an altered box.
    public static func open(_ box: [UInt8], key: SecretBytes, context: [UInt8] = []) throws(CryptographyError) -> [UInt8] {
        guard box.count >= nonceLength + tagLength else {
            throw CryptographyError(.invalidInputLength, "A sealed box has 28 bytes or more, not \(box.count)")
        }
        return try decrypt(Array(box[nonceLength...]), key: key, nonce: Array(box[..<nonceLength]), context: context)
    }

    /// Ciphertext and tag. A nonce must never be used twice with one key.
    public static func encrypt(_ plaintext: [UInt8], key: SecretBytes, nonce: [UInt8], context: [UInt8] = []) throws(CryptographyError) -> [UInt8] {
        let cipher = try cipher(.encrypt, key, nonce, context)
        var output = try cipher.transform(plaintext)
        var tag = [UInt8](repeating: 0, count: tagLength)
        var written: Int32 = 0
        ERR_clear_error()
        guard EVP_CipherFinal_ex(cipher.pointer, &tag, &written) == 1,
              EVP_CIPHER_CTX_ctrl(cipher.pointer, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), &tag) == 1
        else { throw .fromLibrary(.libraryFailure, "AES-GCM sealing failed") }
        output += tag
        return output
    }

    /// The plaintext of a ciphertext followed by its tag.
    public static func decrypt(_ sealed: [UInt8], key: SecretBytes, nonce: [UInt8], context: [UInt8] = []) throws(CryptographyError) -> [UInt8] {
        guard sealed.count >= tagLength else { throw CryptographyError(.invalidInputLength, "A ciphertext with tag has 16 bytes or more, not \(sealed.count)") }
        let cipher = try cipher(.decrypt, key, nonce, context)
        var tag = Array(sealed.suffix(tagLength))
        var output = try cipher.transform(Array(sealed.dropLast(tagLength)))
        var rest = [UInt8](repeating: 0, count: 16)
        var written: Int32 = 0
        ERR_clear_error()
        guard EVP_CIPHER_CTX_ctrl(cipher.pointer, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), &tag) == 1,
              EVP_CipherFinal_ex(cipher.pointer, &rest, &written) == 1
        else {
            cleanse(&output)
            throw .fromLibrary(.authenticationFailed, "The sealed value did not verify")
        }
        return output
    }

    private static func cipher(
        _ direction: CipherContext.Direction, _ key: SecretBytes, _ nonce: [UInt8], _ context: [UInt8]
    ) throws(CryptographyError) -> CipherContext {
        guard nonce.count == nonceLength else { throw CryptographyError(.invalidInputLength, "A nonce has 12 bytes, not \(nonce.count)") }
        try CryptographyError.checkLength(context.count, of: "A context")
        let cipher = try CipherContext(Algorithms.gcm.cipher(keyLength: key.count), direction, key: key, iv: nonce)
        if !context.isEmpty {
            var written: Int32 = 0
            ERR_clear_error()
            guard EVP_CipherUpdate(cipher.pointer, nil, &written, context, Int32(context.count)) == 1 else {
                throw .fromLibrary(.libraryFailure, "AES-GCM refused the context")
            }
        }
        return cipher
    }
}
