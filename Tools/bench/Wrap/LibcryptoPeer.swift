import COpenSSL

/// libcrypto's own AES-CBC and CMAC over the bytes that SCP03 encrypts and authenticates. Contexts are keyed once, as in a session.
final class LibcryptoPeer {
    private let encryption: OpaquePointer
    private let authentication: OpaquePointer
    /// Padded, as SCP03 encrypts them.
    private let blocks: [[UInt8]]
    private let whole: [UInt8]
    private var output: [UInt8]
    private var code = [UInt8](repeating: 0, count: 16)
    private let initialValue = [UInt8](repeating: 0, count: 16)
    /// MAC chaining value and command header.
    private let head = [UInt8](repeating: 0x84, count: 21)

    /// - Parameter key: 16 bytes.
    init(key: [UInt8], blocks: [[UInt8]]) throws {
        self.blocks = blocks.map { $0 + [0x80] + [UInt8](repeating: 0, count: 15 - $0.count % 16) }
        whole = self.blocks.flatMap { $0 }
        output = [UInt8](repeating: 0, count: whole.count)
        guard let encryption = EVP_CIPHER_CTX_new() else { throw BenchFailure("libcrypto has no memory") }
        guard let algorithm = EVP_MAC_fetch(nil, "CMAC", nil) else {
            EVP_CIPHER_CTX_free(encryption)
            throw BenchFailure("libcrypto has no CMAC")
        }
        defer { EVP_MAC_free(algorithm) }
        guard let authentication = EVP_MAC_CTX_new(algorithm) else {
            EVP_CIPHER_CTX_free(encryption)
            throw BenchFailure("libcrypto has no memory")
        }
        self.encryption = encryption
        self.authentication = authentication
        var cipher = Array("AES-128-CBC".utf8CString)
        let keyed = OSSL_MAC_PARAM_CIPHER.withCString { parameter in
            cipher.withUnsafeMutableBufferPointer { name in
                let parameters = [OSSL_PARAM_construct_utf8_string(parameter, name.baseAddress, 0), OSSL_PARAM_construct_end()]
                return EVP_MAC_init(authentication, key, key.count, parameters)
            }
        }
        guard keyed == 1, EVP_EncryptInit_ex(encryption, EVP_aes_128_cbc(), nil, key, initialValue) == 1 else { throw BenchFailure("libcrypto refuses the key") }
        EVP_CIPHER_CTX_set_padding(encryption, 0)
    }

    deinit {
        EVP_CIPHER_CTX_free(encryption)
        EVP_MAC_CTX_free(authentication)
    }

    /// For each command: the initial value encrypted, the data encrypted, and the MAC over chaining value, header and data.
    func blockByBlock() throws {
        var isFine = true
        for block in blocks {
            var written: Int32 = 0
            isFine = isFine && EVP_EncryptInit_ex(encryption, nil, nil, nil, initialValue) == 1
            isFine = isFine && EVP_EncryptUpdate(encryption, &output, &written, initialValue, 16) == 1
            isFine = isFine && EVP_EncryptUpdate(encryption, &output, &written, block, Int32(block.count)) == 1 && Int(written) == block.count
            var length = 0
            isFine = isFine && EVP_MAC_init(authentication, nil, 0, nil) == 1
            isFine = isFine && EVP_MAC_update(authentication, head, head.count) == 1
            isFine = isFine && EVP_MAC_update(authentication, output, block.count) == 1
            isFine = isFine && EVP_MAC_final(authentication, &code, &length, code.count) == 1 && length == code.count
        }
        guard isFine else { throw BenchFailure("libcrypto failed") }
    }

    /// The least that could be: one pass of each over everything.
    func inOnePiece() throws {
        var written: Int32 = 0
        var length = 0
        let isFine = EVP_EncryptInit_ex(encryption, nil, nil, nil, initialValue) == 1
            && EVP_EncryptUpdate(encryption, &output, &written, whole, Int32(whole.count)) == 1 && Int(written) == whole.count
            && EVP_MAC_init(authentication, nil, 0, nil) == 1
            && EVP_MAC_update(authentication, output, whole.count) == 1
            && EVP_MAC_final(authentication, &code, &length, code.count) == 1 && length == code.count
        guard isFine else { throw BenchFailure("libcrypto failed") }
    }
}
