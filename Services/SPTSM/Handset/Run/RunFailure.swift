import GlobalPlatform
import KeyVaultAPI
import Provisioning
import SEIAPI
import TrustedServiceModel

/// Why a run ended early: the failure for the caller, and the command that it belongs to.
struct RunFailure: Error, Sendable {
    var failure: TSMFailure
    /// The ServiceCommand whose step failed; nil: before or beside all of them.
    var command: ServiceCommand.Kind?

    init(_ failure: TSMFailure, command: ServiceCommand.Kind? = nil) {
        self.failure = failure
        self.command = command
    }

    init(_ category: ErrorCategory, _ details: String, command: ServiceCommand.Kind? = nil) {
        self.init(TSMFailure(category, details), command: command)
    }

    init(_ error: KeyVaultError) {
        switch error.code {
        case .unreachable, .sealed, .auditUnavailable: self.init(.tsmNotAvailable, "the TSM's key vault is not available; try again later")
        case .cardCryptogramMismatch: self.init(.secureComponentError, "the security domain did not prove that it holds the expected keys")
        case .tooManyUnprovenAuthentications:
            self.init(.secureComponentError, "too many authentications of this security domain had no proven success; the TSM's operator has to release it before the card blocks itself")
        default: self.init(.internalError, "the key vault refused (\(error.code.rawValue)); give the process ID to the TSM's operator")
        }
    }

    init(_ error: SEIError) {
        switch error.code {
        case .unreachable: self.init(.networkConnectionError, "the issuer's TSM cannot be reached; try again later")
        case .dialogOpen: self.init(.issuerError, "the issuer is busy with this secure component; try again in \(error.retryAfter ?? 60) seconds")
        case .componentBlocked: self.init(.issuerError, "the issuer has blocked this secure component: \(error.reason)")
        case .cardCryptogramMismatch: self.init(.secureComponentError, "the secure component did not prove to its issuer that it is genuine")
        default: self.init(.issuerError, "the issuer refused: \(error.reason)")
        }
    }

    /// A status word that stops the order, said so that a person can act on it.
    static func stopped(step: String, at index: Int, of count: Int, statusWord: StatusWord, instruction: UInt8?, command: ServiceCommand.Kind?) -> RunFailure {
        var text = "the card refused '\(step)' (command \(index + 1) of \(count)) with \(Hex.encodeUpperCase(statusWord.bytes)): \(statusWord.explanation(ins: instruction))"
        if statusWord == .notEnoughMemory || statusWord == .memoryFailure { text += "; there is no space on the secure component" }
        return RunFailure(.secureComponentError, text, command: command)
    }
}
