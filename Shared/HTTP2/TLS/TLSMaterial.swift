import COpenSSL
import Foundation

/// What was read from one set of TLS files, checked, and never changed afterwards.
///
/// `@unchecked Sendable`: the EVP_PKEY is only read, and libcrypto counts its references atomically.
final class TLSMaterial: @unchecked Sendable {
    let chain: [Certificate]
    let key: OpaquePointer
    let anchors: [Certificate]?
    let leaf: Certificate

    init(files: TLSFiles) throws(TLSError) {
        let chain = try Certificate.parse(pem: Self.read(files.certificateChain), from: files.certificateChain)
        guard let leaf = chain.first else { throw TLSError(.badMaterial, "\(files.certificateChain) holds no certificate") }
        for certificate in chain {
            if let weakness = certificate.weakness {
                throw TLSError(.weakKey, "\(certificate.subject) in \(files.certificateChain): \(weakness) (BSI TR-03116-4); issue it anew")
            }
        }
        let key = try Self.readKey(files.privateKey)
        guard X509_check_private_key(leaf.pointer, key) == 1 else {
            EVP_PKEY_free(key)
            OpenSSLErrors.clear()
            throw TLSError(.keyMismatch, "the key in \(files.privateKey) does not belong to the first certificate in \(files.certificateChain)")
        }
        var anchors: [Certificate]?
        if let path = files.trustAnchors {
            do { anchors = try Self.readAnchors(path) } catch {
                EVP_PKEY_free(key)
                throw error
            }
        }
        self.chain = chain
        self.leaf = leaf
        self.key = key
        self.anchors = anchors
    }

    deinit { EVP_PKEY_free(key) }

    /// Trust anchors from a PEM file, or from the PEM text itself.
    static func readAnchors(_ pathOrPEM: String) throws(TLSError) -> [Certificate] {
        let inline = pathOrPEM.hasPrefix("-----BEGIN")
        let place = inline ? "the configured trust anchors" : pathOrPEM
        let anchors = try Certificate.parse(pem: inline ? Array(pathOrPEM.utf8) : read(pathOrPEM), from: place)
        for anchor in anchors {
            if let weakness = anchor.weakness { throw TLSError(.weakKey, "\(anchor.subject) in \(place): \(weakness) (BSI TR-03116-4)") }
        }
        return anchors
    }

    private static func read(_ path: String) throws(TLSError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw TLSError(.unreadableFile, "cannot read \(path): \(error.localizedDescription)")
        }
    }

    private static func readKey(_ path: String) throws(TLSError) -> OpaquePointer {
        var pem = try read(path)
        defer { for index in pem.indices { pem[index] = 0 } }
        guard let bio = pem.withUnsafeBytes({ BIO_new_mem_buf($0.baseAddress, Int32(clamping: $0.count)) }) else {
            throw TLSError(.configuration, "out of memory while reading \(path)")
        }
        defer { BIO_free(bio) }
        OpenSSLErrors.clear()
        // The callback refuses: without it libcrypto would ask a terminal for the passphrase.
        let key = withExtendedLifetime(pem) { PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil) }
        guard let key else {
            let reasons = OpenSSLErrors.takeReasons().text
            throw TLSError(.badMaterial, "\(path) holds no private key that can be read without a passphrase (\(reasons))")
        }
        return key
    }
}
