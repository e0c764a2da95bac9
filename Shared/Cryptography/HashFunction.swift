internal import COpenSSL

/// The hash functions in use (FIPS 180-4). SHA-1 serves certificate hashes of access rules only, never a signature.
public enum HashFunction: String, Hashable, Sendable, CaseIterable {
    case sha1, sha256, sha384

    /// Bytes in a digest.
    public var digestLength: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        }
    }

    /// The digest of `message`.
    public func digest(of message: some Collection<UInt8>) throws(CryptographyError) -> [UInt8] {
        let message = Array(message)
        var result = [UInt8](repeating: 0, count: digestLength)
        var length: UInt32 = 0
        ERR_clear_error()
        guard EVP_Digest(message, message.count, &result, &length, algorithm, nil) == 1, Int(length) == digestLength else {
            throw .fromLibrary(.libraryFailure, "\(rawValue) failed")
        }
        return result
    }

    var algorithm: OpaquePointer? {
        switch self {
        case .sha1: Algorithms.sha1.pointer
        case .sha256: Algorithms.sha256.pointer
        case .sha384: Algorithms.sha384.pointer
        }
    }
}

/// SHA-256 of a message that arrives in pieces.
public struct IncrementalSHA256: ~Copyable {
    private let context: OpaquePointer

    public init() throws(CryptographyError) {
        ERR_clear_error()
        guard let context = EVP_MD_CTX_new() else { throw .fromLibrary(.libraryFailure, "No memory for a hash") }
        guard EVP_DigestInit_ex(context, HashFunction.sha256.algorithm, nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw .fromLibrary(.libraryFailure, "SHA-256 could not be set up")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds the next piece, of any length.
    public mutating func update(_ piece: some Collection<UInt8>) throws(CryptographyError) {
        let piece = Array(piece)
        ERR_clear_error()
        guard EVP_DigestUpdate(context, piece, piece.count) == 1 else { throw .fromLibrary(.libraryFailure, "SHA-256 failed") }
    }

    /// The 32-byte digest of everything added.
    public consuming func finalize() throws(CryptographyError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        ERR_clear_error()
        guard EVP_DigestFinal_ex(context, &result, &length) == 1 else { throw .fromLibrary(.libraryFailure, "SHA-256 failed") }
        return result
    }
}
