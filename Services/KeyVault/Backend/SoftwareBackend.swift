import Cryptography
import GlobalPlatform
import KeyVaultAPI

/// libcrypto: rows hold the keys themselves, sealed, and for the time of an operation they are in this process's memory.
struct SoftwareBackend: KeyBackend {
    let name = BackendName.software

    func keep(_ key: SecretBytes, kind: NamedKeyDescription.Kind, index: String) throws -> SecretBytes { key }
    func discard(_ held: SecretBytes) throws {}

    func cardKeys(master held: SecretBytes, length: Int, _ scheme: GlobalPlatform.DiversificationScheme, keyDiversificationData: [UInt8]) throws -> SCP03StaticKeys {
        try scheme.keys(master: held, keyDiversificationData: keyDiversificationData)
    }

    func wrap(_ keys: [SecretBytes], under held: SecretBytes) throws -> [[UInt8]] { try keys.map { try AESKeyWrap.wrap($0, under: held) } }

    func unwrap(_ wrapped: [[UInt8]], under held: SecretBytes) throws -> [SecretBytes] {
        try wrapped.map { bytes in
            do {
                return try AESKeyWrap.unwrap(bytes, under: held)
            } catch {
                throw KeyVaultError(.unwrapFailed, "a wrapped key does not verify")
            }
        }
    }

    func makeSigningKey(_ purpose: String) throws -> (held: SecretBytes, publicKey: ECPublicKey) {
        let key = try ECPrivateKey.generate(on: .p256)
        return (try key.pkcs8(), key.publicKey)
    }

    func sign(_ message: [UInt8], with held: SecretBytes) throws -> ECDSASignature { try ECPrivateKey(pkcs8: held).signature(of: message, hash: .sha256) }
}
