import KeyVaultAPI

/// Whether the vault can use its keys.
enum SealState: Sendable {
    /// - stays: an operator sealed it, or it fits nothing that is there: it is not opened again by itself.
    case sealed(reason: String, stays: Bool)
    case open(Sealer, any RootKey)

    /// - Throws: `KeyVaultError` `sealed`.
    func sealer() throws(KeyVaultError) -> Sealer {
        switch self {
        case .open(let sealer, _): return sealer
        case .sealed(let reason, _): throw KeyVaultError(.sealed, "the vault is sealed: \(reason)")
        }
    }

    var reason: String? {
        switch self {
        case .open: nil
        case .sealed(let reason, _): "the vault is sealed: \(reason)"
        }
    }
}
