import Foundation
import SwiftASN1
import X509

/// A PEM file with a certificate chain (leaf first) or with trust anchors.
public struct CertificateFile: Sendable {
    /// More than any chain or trust store of ours needs; keeps a wrong path from being read whole.
    static let maximumBytes = 4 * 1024 * 1024

    public let path: String
    /// In the file's order, at least one.
    public let certificates: [LoadedCertificate]

    public var leaf: LoadedCertificate { certificates[0] }
    /// SHA-256 of the first certificate, lower-case hexadecimal.
    public var thumbprint: String { leaf.thumbprint }
    /// The earliest end of validity of the whole file.
    public var notAfter: Date { certificates.map(\.notAfter).min() ?? leaf.notAfter }

    /// - Throws: ``IdentityError`` `unreadableFile`, `invalidCertificate`.
    public init(path: String) throws(IdentityError) {
        let text = try Self.readText(path)
        self.path = path
        do throws(IdentityError) {
            certificates = try Self.parse(pem: text)
        } catch {
            throw IdentityError(error.code, "\(path): \(error.reason)")
        }
    }

    /// All certificates of a PEM text; anything else in it is an error, above all a private key in a file meant to be public.
    /// - Throws: ``IdentityError`` `invalidCertificate`.
    public static func parse(pem text: String) throws(IdentityError) -> [LoadedCertificate] {
        let documents: [PEMDocument]
        do {
            documents = try PEMDocument.parseMultiple(pemString: text)
        } catch {
            throw IdentityError(.invalidCertificate, "not a PEM file")
        }
        guard !documents.isEmpty else { throw IdentityError(.invalidCertificate, "no certificate in it") }
        var list: [LoadedCertificate] = []
        for document in documents {
            guard document.discriminator == "CERTIFICATE" else {
                throw IdentityError(.invalidCertificate, "a \(document.discriminator) among the certificates: keep it in a file of its own")
            }
            list.append(try LoadedCertificate(der: document.derBytes))
        }
        return list
    }

    /// What production asks of its own certificates and trust anchors at start.
    /// - Parameter testbed: whether certificates with the ``TestMarker`` are accepted.
    /// - Throws: ``IdentityError`` `certificateExpired`, `certificateNotYetValid`, `testCertificate`.
    public func requireUsable(at now: Date, testbed: Bool) throws(IdentityError) {
        for certificate in certificates {
            do throws(IdentityError) {
                try certificate.requireValidity(at: now)
            } catch {
                throw IdentityError(error.code, "\(path): \(error.reason)")
            }
            if certificate.isTestCertificate && !testbed {
                throw IdentityError(.testCertificate, "\(path): \(certificate.subject) is a test certificate; production refuses it (a testbed starts with --testbed)")
            }
        }
    }

    /// Whether any certificate of a PEM file carries the ``TestMarker``. Looks at the encoding alone, so that it also works for keys
    /// on curves that this module cannot read (Brainpool).
    /// - Throws: ``IdentityError`` `unreadableFile`, `invalidCertificate`.
    public static func containsTestCertificate(path: String) throws(IdentityError) -> Bool {
        guard let documents = try? PEMDocument.parseMultiple(pemString: try readText(path)), !documents.isEmpty else {
            _ = try readText(path)
            throw IdentityError(.invalidCertificate, "\(path): no certificate in it")
        }
        return documents.contains { TestMarker.isPresent(inDER: $0.derBytes) }
    }

    /// Whether the PEM private key in a file belongs to the leaf.
    /// - Throws: ``IdentityError`` `unreadableFile`, `invalidKey`, `keyDoesNotMatch`.
    public func requireKey(at keyPath: String) throws(IdentityError) {
        let text = try Self.readText(keyPath)
        guard let key = try? Certificate.PrivateKey(pemEncoded: text) else {
            throw IdentityError(.invalidKey, "\(keyPath): not a PEM private key")
        }
        var serializer = DER.Serializer()
        guard (try? key.publicKey.serialize(into: &serializer)) != nil, serializer.serializedBytes == leaf.subjectPublicKeyInfo else {
            throw IdentityError(.keyDoesNotMatch, "\(keyPath): the key does not belong to the certificate in \(path)")
        }
    }

    private static func readText(_ path: String) throws(IdentityError) -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw IdentityError(.unreadableFile, "\(path): cannot be opened (missing, or not readable for this user)")
        }
        defer { try? handle.close() }
        let data: Data
        do {
            // Nil at the end of the file: an empty one is readable all the same.
            data = try handle.read(upToCount: maximumBytes + 1) ?? Data()
        } catch {
            throw IdentityError(.unreadableFile, "\(path): cannot be read: \(error.localizedDescription)")
        }
        guard let text = String(data: data, encoding: .utf8) else { throw IdentityError(.unreadableFile, "\(path): is not a text") }
        guard data.count <= maximumBytes else { throw IdentityError(.unreadableFile, "\(path): larger than \(maximumBytes) bytes") }
        return text
    }
}
