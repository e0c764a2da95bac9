internal import COpenSSL
import Synchronization

/// AES-CBC encryption with one key and many messages, in place and without allocating.
///
/// Over `[counter block | padded data]` it yields `[AES(counter) | AES-CBC(data) from that]`: what SCP03 asks of every command in one call.
public final class AESChainEncryptor: Sendable {
    private let chain: Mutex<BlockChain>

    /// - Throws: `invalidKeyLength`.
    public init(key: SecretBytes) throws(CryptographyError) {
        chain = Mutex(try BlockChain(key: key))
    }

    /// Encrypts whole blocks in place from an initial value of zero.
    public func encryptInPlace(_ buffer: UnsafeMutableRawBufferPointer) throws(CryptographyError) {
        guard let start = buffer.baseAddress, buffer.count > 0, buffer.count.isMultiple(of: 16) else {
            throw CryptographyError(.invalidInputLength, "\(buffer.count) bytes are not a whole number of AES blocks")
        }
        try CryptographyError.checkLength(buffer.count, of: "A message")
        let done = chain.withLock { chain in
            chain.cancel(in: start)
            return chain.chain(start, buffer.count)
        }
        guard done else { throw .fromLibrary(.libraryFailure, "AES-CBC encryption failed") }
    }
}

/// AES-CBC decryption with one key and many messages, in place and without allocating.
public final class AESChainDecryptor: Sendable {
    private let context: Mutex<CipherContext>

    /// - Throws: `invalidKeyLength`.
    public init(key: SecretBytes) throws(CryptographyError) {
        context = Mutex(try CipherContext(Algorithms.cbc.cipher(keyLength: key.count), .decrypt, key: key, iv: [UInt8](repeating: 0, count: 16)))
    }

    /// Decrypts in place a buffer that holds the initial value and, after it, the ciphertext. The first block is meaningless afterwards.
    public func decryptInPlace(afterInitialValue buffer: UnsafeMutableRawBufferPointer) throws(CryptographyError) {
        guard let start = buffer.baseAddress, buffer.count >= 16, buffer.count.isMultiple(of: 16) else {
            throw CryptographyError(.invalidInputLength, "\(buffer.count) bytes are not an initial value and whole AES blocks")
        }
        try CryptographyError.checkLength(buffer.count, of: "A message")
        let bytes = start.assumingMemoryBound(to: UInt8.self)
        let done = context.withLock { context in
            var written: Int32 = 0
            return EVP_DecryptUpdate(context.pointer, bytes, &written, bytes, Int32(buffer.count)) == 1 && Int(written) == buffer.count
        }
        guard done else { throw .fromLibrary(.libraryFailure, "AES-CBC decryption failed") }
    }
}
