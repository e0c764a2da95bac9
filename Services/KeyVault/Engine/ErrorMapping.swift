import Cryptography
import GlobalPlatform
import Identity
import KeyVaultAPI
import PKCS11

extension KeyVaultError {
    /// What went wrong inside, as a caller may know it: their mistakes in words, ours without internals.
    init(mapping error: any Error) {
        switch error {
        case let error as KeyVaultError: self = error
        case let error as SCP03Error: self.init(scp03: error)
        case let error as FormatError: self.init(.invalidRequest, error.description)
        case let error as APDUError: self.init(.invalidRequest, error.description)
        case let error as TLVError: self.init(.invalidRequest, error.description)
        case let error as TokenError: self.init(.invalidRequest, error.reason)
        case let error as TokenFailure: self.init(token: error)
        case let error as CryptographyError: self.init(.internalError, "a cryptographic operation failed: \(error.reason)")
        default: self.init(.internalError, "the vault could not do it; its log says why")
        }
    }

    /// Whoever calls can do nothing about a token; all that differs is whether it may work later.
    private init(token error: TokenFailure) {
        switch error.kind {
        case .module, .absent, .pinRefused, .pinLocked, .keyMissing: self.init(.sealed, error.reason)
        case .unwrapFailed: self.init(.unwrapFailed, error.reason)
        case .refused: self.init(.internalError, error.reason)
        }
    }

    private init(scp03 error: SCP03Error) {
        switch error {
        case .cryptography, .stateInvalid, .wrongOrder, .noCommandPending:
            self.init(.internalError, "the secure channel could not be computed: \(error.description)")
        case .cardCryptogramMismatch: self.init(.cardCryptogramMismatch, error.description)
        default: self.init(.invalidRequest, error.description)
        }
    }
}
