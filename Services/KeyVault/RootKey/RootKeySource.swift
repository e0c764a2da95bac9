import Cryptography
import KeyVaultAPI
import PKCS11

/// Where a vault's root key comes from.
public enum RootKeySource: Sendable {
    /// Given by whoever opens the vault; nil: the vault stays sealed.
    case key(SoftwareRootKey?)
    /// A file; if there is none the vault stays sealed.
    case file(String)
    /// Of the custodians of `count` shares `threshold` open the vault. It starts sealed.
    case shares(threshold: Int, count: Int)
    /// In a token, with named and signing keys beside it.
    case token(Token, rootKeyLabel: String)

    func backend(_ environment: VaultEnvironment) -> any KeyBackend {
        switch self {
        case .key, .file, .shares: SoftwareBackend()
        case .token(let token, _): TokenBackend(token: token, random: environment.publicRandom)
        }
    }

    /// Why a vault with this source is sealed as long as nobody has opened it.
    var initialReason: String {
        switch self {
        case .key, .file: "its root key is missing; put the key file back and restart"
        case .shares(let threshold, let count): "0 of \(threshold) shares are given (there are \(count)): its custodians open it with `tsms vault unseal`"
        case .token(let token, _): "token '\(token.label)' has not been opened"
        }
    }
}
