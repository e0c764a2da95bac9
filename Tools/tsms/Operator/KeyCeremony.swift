import Cryptography
import GlobalPlatform
import KeyVaultAPI

/// A key that people bring into vaults in two components, each worth nothing by itself.
struct CeremonyKey: Sendable {
    let components: [HexBytes]
    let key: SecretBytes
    let checkValue: [UInt8]

    /// - Parameter length: 16, 24 or 32 bytes.
    init(length: Int) throws(CryptographyError) {
        let random = SystemRandom.forKeys
        let first = try random.bytes(length)
        let second = try random.bytes(length)
        components = [HexBytes(first), HexBytes(second)]
        key = SecretBytes(consuming: zip(first, second).map { $0 ^ $1 })
        checkValue = try aesKeyCheckValue(key)
    }

    func load(into vault: any KeyVault, index: String, kind: NamedKeyDescription.Kind, owner: String) async throws {
        let loaded = try await vault.importNamedKey(ImportNamedKeyRequest(index: index, kind: kind, owner: owner, components: components, keyCheckValue: HexBytes(checkValue)))
        guard loaded.keyCheckValue.bytes == checkValue else { throw ToolFailure("the vault holds key \(index) with check value \(loaded.keyCheckValue), not \(Hex.encode(checkValue))") }
    }
}
