internal import COpenSSL

/// One of the library's cipher contexts, keyed, for one direction, without padding. Freed, with its key schedule overwritten, when it goes.
// Unchecked: what the pointer leads to has this value as its only owner, and the value cannot be copied.
struct CipherContext: ~Copyable, @unchecked Sendable {
    enum Direction: Int32 { case decrypt = 0, encrypt = 1 }

    let pointer: OpaquePointer

    init(_ cipher: OpaquePointer, _ direction: Direction, key: SecretBytes, iv: [UInt8]? = nil) throws(CryptographyError) {
        ERR_clear_error()
        guard let context = EVP_CIPHER_CTX_new() else { throw .fromLibrary(.libraryFailure, "No memory for a cipher context") }
        EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW)
        let status = key.withUnsafeBytes { key in
            EVP_CipherInit_ex(context, cipher, nil, key.baseAddress?.assumingMemoryBound(to: UInt8.self), iv, direction.rawValue)
        }
        guard status == 1 else {
            EVP_CIPHER_CTX_free(context)
            throw .fromLibrary(.libraryFailure, "The cipher could not be set up")
        }
        EVP_CIPHER_CTX_set_padding(context, 0)
        pointer = context
    }

    deinit { EVP_CIPHER_CTX_free(pointer) }

    /// The whole input in one step; the output has at most `input.count + slack` bytes.
    func transform(_ input: [UInt8], slack: Int = 0, failure: CryptographyError.Code = .libraryFailure) throws(CryptographyError) -> [UInt8] {
        try CryptographyError.checkLength(input.count, of: "An input")
        var output = [UInt8](repeating: 0, count: input.count + slack)
        var written: Int32 = 0
        ERR_clear_error()
        guard EVP_CipherUpdate(pointer, &output, &written, input, Int32(input.count)) == 1, written >= 0 else {
            throw .fromLibrary(failure, "The cipher refused its input")
        }
        output.removeLast(output.count - Int(written))
        return output
    }
}
