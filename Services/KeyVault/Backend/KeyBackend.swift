import Cryptography
import GlobalPlatform
import KeyVaultAPI

/// Where a vault's named keys and signing keys are, and the operations with them.
///
/// What a row of the store holds of such a key, sealed, is the backend's to know: the key itself (software), or the name of an object in a token.
/// Calls may block for as long as a token takes: never on an event loop.
protocol KeyBackend: Sendable {
    var name: BackendName { get }

    /// Takes a named key in for good.
    /// - Returns: what the key's row holds of it.
    func keep(_ key: SecretBytes, kind: NamedKeyDescription.Kind, index: String) throws -> SecretBytes
    /// Takes back what `keep` or `makeSigningKey` did, when the row could not be written.
    func discard(_ held: SecretBytes) throws

    /// A card's keys from a master key of `length` bytes.
    func cardKeys(master held: SecretBytes, length: Int, _ scheme: GlobalPlatform.DiversificationScheme, keyDiversificationData: [UInt8]) throws -> SCP03StaticKeys
    /// AES key wrap (RFC 3394) under a transport key.
    func wrap(_ keys: [SecretBytes], under held: SecretBytes) throws -> [[UInt8]]
    /// - Throws: `KeyVaultError` `unwrapFailed` when one does not verify.
    func unwrap(_ wrapped: [[UInt8]], under held: SecretBytes) throws -> [SecretBytes]

    /// A signing key on P-256.
    func makeSigningKey(_ purpose: String) throws -> (held: SecretBytes, publicKey: ECPublicKey)
    /// ECDSA with SHA-256.
    func sign(_ message: [UInt8], with held: SecretBytes) throws -> ECDSASignature
}

/// As configurations and stores have it.
public enum BackendName: String, Sendable, Hashable, Codable, CaseIterable { case software, pkcs11 }

/// The root key: it wraps the data keys, under which the rows of the store are sealed, and nothing else.
protocol RootKey: Sendable {
    /// What the store notes to find it again; nil where it is given at each start.
    var identifier: [UInt8]? { get }
    /// Whether it can be used now.
    /// - Throws: why not.
    func check() throws
    func wrap(_ dataKey: SecretBytes) throws -> [UInt8]
    /// - Throws: `KeyVaultError` `unwrapFailed` when this is not the root key that wrapped it.
    func unwrap(_ wrapped: [UInt8]) throws -> SecretBytes
}
