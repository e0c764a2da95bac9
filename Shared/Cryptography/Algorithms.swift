internal import COpenSSL

/// Algorithms looked up once per process: a look-up costs more than encrypting a short command.
enum Algorithms {
    /// A cipher's description, immutable and reference counted inside the library.
    // Unchecked: the library's method objects are immutable and safe to share between threads.
    struct Cipher: @unchecked Sendable {
        let pointer: OpaquePointer?
        init(_ name: String) { pointer = EVP_CIPHER_fetch(nil, name, nil) }
    }

    /// A hash function's description.
    // Unchecked: as for Cipher.
    struct Hash: @unchecked Sendable {
        let pointer: OpaquePointer?
        init(_ name: String) { pointer = EVP_MD_fetch(nil, name, nil) }
    }

    /// The three key sizes of one AES mode.
    struct AESMode: Sendable {
        private let aes128, aes192, aes256: Cipher

        init(_ mode: String) {
            aes128 = Cipher("AES-128-\(mode)")
            aes192 = Cipher("AES-192-\(mode)")
            aes256 = Cipher("AES-256-\(mode)")
        }

        func cipher(keyLength: Int) throws(CryptographyError) -> OpaquePointer {
            let cipher: Cipher
            switch keyLength {
            case 16: cipher = aes128
            case 24: cipher = aes192
            case 32: cipher = aes256
            default: throw CryptographyError(.invalidKeyLength, "An AES key has 16, 24 or 32 bytes, not \(keyLength)")
            }
            guard let pointer = cipher.pointer else { throw CryptographyError(.libraryFailure, "The library offers no AES") }
            return pointer
        }
    }

    static let ecb = AESMode("ECB")
    static let cbc = AESMode("CBC")
    static let gcm = AESMode("GCM")
    static let wrap = AESMode("WRAP")
    static let wrapWithPadding = AESMode("WRAP-PAD")
    static let twoKeyTripleDES = Cipher("DES-EDE-ECB")
    static let sha1 = Hash("SHA1")
    static let sha256 = Hash("SHA256")
    static let sha384 = Hash("SHA384")
}
