import Cryptography

/// A key that proves where a load file (DAP) or a command (token) comes from (GPCS 2.3.1, B and C.3, C.4).
public enum ManagementKey: Sendable {
    /// AES-CMAC, all 16 bytes of it.
    case aes(SecretBytes)
    /// Up to 1024 bits PKCS #1 v1.5 with SHA-1, longer ones PSS with SHA-256, as public implementations do.
    case rsa(RSAPublicKey)
    /// ECDSA with the hash of the curve's strength, `r | s`.
    case ellipticCurve(ECPublicKey)

    /// The scheme that goes with a modulus of so many bits.
    public static func scheme(forModulusBits bits: Int) -> RSASignatureScheme { bits <= 1024 ? .pkcs1SHA1 : .pssSHA256 }

    /// False for a signature that is wrong, or has another length.
    public func isValid(_ signature: [UInt8], of message: [UInt8]) throws(CryptographyError) -> Bool {
        switch self {
        case .aes(let key):
            return constantTimeEqual(signature, try AESCMAC.code(over: message, key: key))
        case .rsa(let key):
            return try key.isValid(signature, of: message, scheme: ManagementKey.scheme(forModulusBits: key.modulusBits))
        case .ellipticCurve(let key):
            guard signature.count == 2 * key.curve.coordinateLength else { return false }
            return try key.isValid(ECDSASignature(raw: signature, curve: key.curve), of: message)
        }
    }
}
