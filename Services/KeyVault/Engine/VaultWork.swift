import Cryptography
import GRDB
import KeyVaultAPI
import ServiceKit

/// One caller's operations inside one transaction: what they read, what they change and their lines in the audit log belong together.
///
/// All that an operation decides it decides on the transaction's own view of the store, so nothing can change between a check and its effect.
struct VaultWork {
    let engine: VaultEngine
    let caller: VaultCaller
    let sealer: Sealer
    let db: Database

    var backend: any KeyBackend { engine.backend }
    var settings: VaultSettings { engine.settings }
    var environment: VaultEnvironment { engine.environment }
    var milliseconds: Int64 { engine.milliseconds }

    /// Runs one operation and appends its line.
    /// - Throws: ``VaultRefusal``; a database error, or `auditUnavailable`, when nothing can be written.
    func run<Value>(_ call: VaultCall, _ body: (VaultWork, inout VaultCall) throws -> Value) throws -> Value {
        var call = call
        let value: Value
        do {
            guard call.operation.isAllowed(to: caller) else { throw VaultEngine.forbidden(call.operation, caller) }
            value = try body(self, &call)
        } catch let refusal as VaultRefusal {
            throw refusal
        } catch let error as DatabaseError {
            // The store's failure is no refusal: it is told as such, and nothing can be logged.
            throw error
        } catch {
            throw VaultRefusal(call, error)
        }
        if call.changesNothing { return value }
        do {
            try AuditLog.append(AuditLine(at: WireDate.text(environment.now()), call: call, outcome: call.outcome), db)
        } catch {
            throw KeyVaultError(.auditUnavailable, "the audit log cannot be written, so nothing was done: \(error)")
        }
        return value
    }
}

/// An operation that was refused, as far as it had come: for the audit log, and for the caller.
struct VaultRefusal: Error {
    var call: VaultCall
    var error: KeyVaultError
    /// What went wrong inside; for our log.
    var cause: any Error

    init(_ call: VaultCall, _ cause: any Error) {
        error = KeyVaultError(mapping: cause)
        self.call = call
        self.cause = cause
    }
}
