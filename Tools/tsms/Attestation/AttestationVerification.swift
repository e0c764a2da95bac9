import Cryptography
import Foundation
import GlobalPlatform
import Identity

/// Holds attestation tokens against the certificate that their TSM published (TR-03165, Appendix A).
struct AttestationVerification: Sendable {
    let certificate: LoadedCertificate
    private let key: ECPublicKey

    /// - Throws: ``ToolFailure`` for a file without certificate, or a key that cannot have signed a token.
    init(certificate path: String) throws(ToolFailure) {
        do {
            certificate = try CertificateFile(path: path).leaf
            key = try ECPublicKey(subjectPublicKeyInfo: certificate.subjectPublicKeyInfo)
        } catch {
            throw ToolFailure("\(error)")
        }
    }

    /// - Throws: ``ToolFailure``: bytes that are no token.
    static func token(_ bytes: [UInt8]) throws(ToolFailure) -> AttestationToken {
        do throws(FormatError) {
            return try AttestationToken(parsing: bytes)
        } catch {
            throw ToolFailure("this is no attestation token: \(error)")
        }
    }

    /// The bytes of a token as files and terminals have it: DER, or hexadecimal with white space anywhere.
    static func bytes(of content: [UInt8]) throws(ToolFailure) -> [UInt8] {
        if content.first == 0x7F { return content }
        let digits = content.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard !digits.isEmpty, let bytes = try? Hex.decode(String(decoding: digits, as: UTF8.self)) else {
            throw ToolFailure("this is no attestation token: it begins with 7F41, in binary or in hexadecimal digits")
        }
        return bytes
    }

    /// What the verifier knows otherwise and the token has to say as well.
    struct Expectation: Sendable {
        var tsm: String?
        var process: String?
        var flavor: String?
    }

    /// - Throws: ``ToolFailure`` when the signature is not that of the certificate's key, or the token says something else than expected.
    func verify(_ token: AttestationToken, expecting expectation: Expectation = Expectation()) throws(ToolFailure) {
        let content = token.content
        let (named, isGood): (Bool, Bool)
        do throws(CryptographyError) {
            named = try content.subjectKeyIdentifier == AttestationContent.subjectKeyIdentifier(ofPublicKey: key.point())
            isGood = try key.isValid(ECDSASignature(der: token.signature, curve: key.curve), of: content.toBeSigned)
        } catch {
            throw ToolFailure("the signature cannot be read as one of the certificate's key: \(error)")
        }
        guard named else { throw ToolFailure("the token names another signing key than the certificate's") }
        guard isGood else { throw ToolFailure("the signature is not that of the certificate's key over this content") }
        for (what, found, expected) in [("TSM", content.tsm.description, expectation.tsm), ("process", content.processID.description, expectation.process?.lowercased()),
                                        ("Flavor", content.flavorID.description, expectation.flavor?.lowercased())] {
            if let expected, expected != found { throw ToolFailure("the token is of \(what) \(found), not \(expected)") }
        }
    }
}
