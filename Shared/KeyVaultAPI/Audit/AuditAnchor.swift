import Cryptography
import GlobalPlatform

/// The end of the audit log at one time, signed by the vault: kept elsewhere, it shows whether lines were cut off or the log written anew.
public struct AuditAnchor: Codable, Sendable, Hashable {
    /// Number of the last line.
    public var sequence: Int64
    /// Hash of that line.
    public var hash: HexBytes
    /// UTC, ISO 8601 with milliseconds.
    public var at: String
    /// The vault's key for anchors. It proves something only if it was learned in another way than with the anchor.
    public var key: SigningKeyDescription
    /// ECDSA on P-256 with SHA-256 over `signedBytes`, DER.
    public var signature: HexBytes

    public init(sequence: Int64, hash: HexBytes, at: String, key: SigningKeyDescription, signature: HexBytes) {
        self.sequence = sequence
        self.hash = hash
        self.at = at
        self.key = key
        self.signature = signature
    }

    /// A text that no other signature of the vault begins with, number, hash and time.
    public static func signedBytes(sequence: Int64, hash: [UInt8], at: String) -> [UInt8] {
        var bytes = Array("tsms audit anchor 1\u{0}".utf8)
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: sequence >> Int64(shift))) }
        return bytes + [UInt8(truncatingIfNeeded: hash.count)] + hash + Array(at.utf8)
    }

    /// - Parameter trusted: SubjectPublicKeyInfo of the vault's anchor key as it was published; nil: the key that the anchor names.
    /// - Throws: `CryptographyError` for a key or signature that is none.
    public func isSigned(by trusted: [UInt8]? = nil) throws(CryptographyError) -> Bool {
        let publicKey = try ECPublicKey(subjectPublicKeyInfo: trusted ?? key.subjectPublicKeyInfo.bytes)
        let signature = try ECDSASignature(der: signature.bytes, curve: publicKey.curve)
        return try publicKey.isValid(signature, of: Self.signedBytes(sequence: sequence, hash: hash.bytes, at: at), hash: .sha256)
    }
}
