import Foundation
import GRDB
import KeyVaultAPI
import Logging
import SEIAPI
import ServiceKit
import Synchronization

/// The SEI TSM: inventory, eligibility checks, and dialogs with components on behalf of SP TSMs.
///
/// Everything that an SP TSM may do goes through ``as(_:)``, which fixes whose dialogs and domains are meant; objects of another
/// SP TSM behave as if they did not exist.
public final class SEIEngine: Sendable {
    let vault: any KeyVault
    let store: Store
    let environment: ServiceEnvironment
    let settings: IssuerSettings
    let logger: Logger
    /// By component: what a dialog does next depends on what it did last.
    let turns = KeyedGate()
    /// Of the vault, about what is recorded for it.
    let telling = SharedRun<Void>()
    /// Named keys are never overwritten, so what was read once stays true.
    let transportKeyOwners = Mutex<[String: String]>([:])

    /// - Parameters:
    ///   - vault: the issuer's own key vault.
    ///   - store: opened with ``Schema/migrations``.
    public init(vault: any KeyVault, store: Store, environment: ServiceEnvironment, settings: IssuerSettings, logger: Logger) {
        self.vault = vault
        self.store = store
        self.environment = environment
        self.settings = settings
        self.logger = logger
    }

    /// The interface of one SP TSM, named by its proven identity.
    public func `as`(_ spTsm: String) -> any SecureElementIssuer {
        IssuerDesk(engine: self, spTsm: spTsm)
    }

    /// - Throws: `forbidden` for an identity without a contract.
    func contract(of spTsm: String) throws(SEIError) -> Contract {
        guard let contract = settings.contracts.first(where: { $0.spTsm == spTsm }) else {
            throw SEIError(.forbidden, "the issuer has no contract with \(spTsm)")
        }
        return contract
    }

    func read<Value: Sendable>(_ query: @escaping @Sendable (Database) throws -> Value) async throws(SEIError) -> Value {
        do {
            return try await store.read(query)
        } catch {
            throw storeFailure(error)
        }
    }

    func write<Value: Sendable>(_ change: @escaping @Sendable (Database) throws -> Value) async throws(SEIError) -> Value {
        do {
            return try await store.write(change)
        } catch {
            throw storeFailure(error)
        }
    }

    private func storeFailure(_ error: any Error) -> SEIError {
        if let error = error as? SEIError { return error }
        logger.error("store", metadata: ["error": "\(error)"])
        return SEIError(.unavailable, "the issuer's store does not accept the request now; try again")
    }

    /// A refusal of the key vault as the SP TSM may know it; the details are for our log.
    func refusal(_ error: KeyVaultError, while doing: String) -> SEIError {
        logger.error("key vault", metadata: ["while": "\(doing)", "code": "\(error.code.rawValue)", "reason": "\(error.reason)"])
        switch error.code {
        case .cardCryptogramMismatch:
            return SEIError(.cardCryptogramMismatch, "the component does not hold the keys that the issuer has for it")
        case .tooManyUnprovenAuthentications:
            return SEIError(.componentBlocked, "too many sessions with this component were never reported back; the issuer's operator must release its key set")
        case .unreachable, .sealed, .auditUnavailable:
            return SEIError(.unavailable, "the issuer's key vault is not available now; try again")
        case .forbidden, .usageNotAllowed, .notFound, .wrongState, .invalidRequest, .keyCheckValueMismatch, .unwrapFailed, .alreadyExported, .challengeUnknown,
             .internalError:
            return SEIError(.internalError, "the issuer's key vault refused to \(doing); the issuer's log says why")
        }
    }

    func now() -> Date { environment.now() }
}

/// What one SP TSM sees of the engine.
struct IssuerDesk: SecureElementIssuer {
    let engine: SEIEngine
    let spTsm: String

    func beginEligibility(_ request: SEI.EligibilityRequest) async throws(SEIError) -> SEI.EligibilityChallenge {
        try await engine.beginEligibility(request, spTsm)
    }

    func submitEvidence(_ id: String, _ evidence: SEI.Evidence) async throws(SEIError) -> SEI.EligibilityVerdict {
        try await engine.submitEvidence(id, evidence, spTsm)
    }

    func openDialog(_ request: SEI.DialogRequest, idempotencyKey: String) async throws(SEIError) -> SEI.Dialog {
        try await engine.openDialog(request, idempotencyKey: idempotencyKey, spTsm)
    }

    func submitResults(_ dialogId: String, _ results: SEI.SessionResults) async throws(SEIError) -> SEI.Dialog {
        try await engine.submitResults(dialogId, results, spTsm)
    }

    func dialog(_ id: String) async throws(SEIError) -> SEI.Dialog {
        try await engine.dialog(id, spTsm)
    }

    func abandonDialog(_ id: String) async throws(SEIError) {
        try await engine.abandonDialog(id, spTsm)
    }

    func secureComponent(_ id: String) async throws(SEIError) -> SEI.SecureComponent {
        try await engine.secureComponent(id, spTsm)
    }

    func transportKeys() async throws(SEIError) -> [NamedKeyDescription] {
        try await engine.transportKeys(spTsm)
    }
}
