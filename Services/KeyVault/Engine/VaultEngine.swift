import Foundation
import GRDB
import KeyVaultAPI
import Logging
import PKCS11
import ServiceKit
import Synchronization

/// The key vault: keys at rest sealed under a root key, operations in GlobalPlatform's terms, an audit log that is written before any answer leaves.
///
/// Callers carry an identity; `as(_:)` gives the vault as one caller sees it.
public final class VaultEngine: Sendable {
    let store: Store
    let settings: VaultSettings
    let environment: VaultEnvironment
    let logger: Logger
    let source: RootKeySource
    let backend: any KeyBackend
    let memory: Mutex<Memory>
    /// One attempt to open the vault at a time.
    let unlocking = Turnstile(1)
    private let lastFailure = Mutex<String?>(nil)

    private init(store: Store, source: RootKeySource, settings: VaultSettings, environment: VaultEnvironment, logger: Logger) {
        self.store = store
        self.source = source
        backend = source.backend(environment)
        memory = Mutex(Memory(seal: .sealed(reason: source.initialReason, stays: false)))
        self.settings = settings
        self.environment = environment
        self.logger = logger
    }

    /// Opens the vault of a directory, which is made if it does not exist.
    ///
    /// Without a root key the vault is sealed: it starts, says so in its health and refuses every operation with `sealed`.
    /// - Throws: `StoreError`; `KeyVaultError` `sealed` when the root key is not the one that this store was made with.
    public static func open(
        directory: String, rootKey: SoftwareRootKey?, settings: VaultSettings, environment: VaultEnvironment = .system,
        logger: Logger = Logger(label: "key-vault")
    ) async throws -> VaultEngine {
        try await open(directory: directory, source: .key(rootKey), settings: settings, environment: environment, logger: logger)
    }

    /// The same with a root key from anywhere. A token that cannot be used yet leaves the vault sealed until it can.
    public static func open(
        directory: String, source: RootKeySource, settings: VaultSettings, environment: VaultEnvironment = .system,
        logger: Logger = Logger(label: "key-vault")
    ) async throws -> VaultEngine {
        let store = try Store.open(directory: directory, migrations: migrations, logger: logger)
        do {
            return try await open(store: store, source: source, settings: settings, environment: environment, logger: logger)
        } catch {
            let failure = error
            do {
                try await store.close()
            } catch {
                logger.error("the vault's store did not close", metadata: ["error": "\(error)"])
            }
            throw failure
        }
    }

    /// What a store needs to be a vault's.
    public static var migrations: DatabaseMigrator { VaultSchema.migrations }

    /// On a store that is open already, with `migrations` applied; it stays open when this throws.
    public static func open(
        store: Store, source: RootKeySource, settings: VaultSettings, environment: VaultEnvironment = .system,
        logger: Logger = Logger(label: "key-vault")
    ) async throws -> VaultEngine {
        let engine = VaultEngine(store: store, source: source, settings: settings, environment: environment, logger: logger)
        // What is erased is overwritten in the file, not only marked as free.
        try await store.write { db in try db.execute(sql: "PRAGMA secure_delete = ON") }
        do {
            try await engine.unlockFromSource()
        } catch let error as TokenFailure where error.isOutage {
            // It may come later.
            engine.close(reason: error.reason, stays: false)
        } catch let error as TokenFailure {
            throw KeyVaultError(mapping: error)
        }
        if let reason = engine.state.reason { logger.error("\(reason)") }
        return engine
    }

    /// The vault as `caller` sees it; every operation is checked against the caller's roles.
    public func `as`(_ caller: VaultCaller) -> any KeyVault { VaultSession(engine: self, caller: caller) }

    /// Nil when the vault can work, else why not: sealed, or its audit log could not be written the last time it was tried.
    public var failure: String? {
        state.reason ?? lastFailure.withLock { $0 }
    }

    /// Tries to write, so that a failure that is over does not stay in the health for want of requests.
    public func checkHealth() async throws(KeyVaultError) {
        await watchToken()
        if let reason = state.reason { throw KeyVaultError(.sealed, reason) }
        do {
            let now = milliseconds
            try await store.write { db in
                // Another value each time, so that something really is written.
                try db.run("INSERT INTO vault (name, value) VALUES ('health', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [Data("\(now)".utf8)])
                guard try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master WHERE name = 'audit'") == 1 else {
                    throw KeyVaultError(.auditUnavailable, "the audit log is missing from the store")
                }
            }
            if lastFailure.withLock({ $0 }) != nil {
                try await commit(VaultCall(.maintenance, "vault")) { _ in }
            }
        } catch {
            throw unavailable(error)
        }
    }

    /// Ends what goes on in the background and drops the keys; the store stays open for whoever opened it.
    func end() async {
        rotation?.cancel()
        await rotationEnd()
        close(reason: "the vault is shutting down", stays: true)
        if case .token(let token, _) = source { token.close() }
    }

    /// Waits for what was accepted and closes the store.
    public func close() async throws {
        await end()
        try await store.close()
    }

    // MARK: - The frame of every operation

    /// Checks role and seal, runs the operation in one transaction with its line in the audit log, durable when this returns. A refusal takes
    /// back all changes and goes into the log before it is answered.
    func transact<Value: Sendable>(
        _ call: VaultCall, _ caller: VaultCaller, _ body: @escaping @Sendable (VaultWork, inout VaultCall) throws -> Value
    ) async throws(KeyVaultError) -> Value {
        try await transact(call, caller) { work in try work.run(call, body) }
    }

    /// The same for several operations, each of which appends its own line.
    /// - Parameter call: what a refusal of the whole is logged as.
    func transact<Value: Sendable>(
        _ call: VaultCall, _ caller: VaultCaller, _ body: @escaping @Sendable (VaultWork) throws -> Value
    ) async throws(KeyVaultError) -> Value {
        let refusal: VaultRefusal
        do {
            try admit(call, caller)
            // The data keys of the transaction's own time: while the root key is changed there are two.
            let value = try await store.write { [self] db in try body(VaultWork(engine: self, caller: caller, sealer: try state.sealer(), db: db)) }
            lastFailure.withLock { $0 = nil }
            return value
        } catch let refused as VaultRefusal {
            noteOutage(refused.cause)
            refusal = refused
        } catch let error as KeyVaultError where error.code != .auditUnavailable {
            refusal = VaultRefusal(call, error)
        } catch {
            throw unavailable(error)
        }
        try await log(refusal)
        throw refusal.error
    }

    /// An operation whose refusal has effects that must stay: a challenge is used up, a channel is closed. They are durable with the line.
    func transact<Value: Sendable>(
        keeping call: VaultCall, _ caller: VaultCaller, _ body: @escaping @Sendable (VaultWork, inout VaultCall) throws -> Result<Value, KeyVaultError>
    ) async throws(KeyVaultError) -> Value {
        let result: Result<Value, KeyVaultError> = try await transact(call, caller) { work, call in
            let result = try body(work, &call)
            if case .failure(let error) = result { (call.outcome, call.detail) = (error.code.rawValue, error.reason) }
            return result
        }
        return try result.get()
    }

    /// Checks role and seal, runs an operation that is no single transaction, and puts a refusal into the audit log before it is answered.
    func perform<Value: Sendable>(
        _ call: VaultCall, _ caller: VaultCaller, _ body: (inout VaultCall) async throws -> Value
    ) async throws(KeyVaultError) -> Value {
        var call = call
        let refusal: VaultRefusal
        do {
            try admit(call, caller)
            return try await body(&call)
        } catch {
            noteOutage(error)
            refusal = VaultRefusal(call, error)
        }
        // What could not be audited because the log fails has said so already.
        if refusal.error.code != .auditUnavailable { try await log(refusal) }
        throw refusal.error
    }

    private func admit(_ call: VaultCall, _ caller: VaultCaller) throws(KeyVaultError) {
        guard call.operation.isAllowed(to: caller) else { throw Self.forbidden(call.operation, caller) }
        if !call.operation.worksSealed { _ = try state.sealer() }
    }

    static func forbidden(_ operation: VaultOperation, _ caller: VaultCaller) -> KeyVaultError {
        let roles = operation.allowedRoles.map(\.rawValue).sorted().joined(separator: " or ")
        return KeyVaultError(.forbidden, "\(caller.identity) may not do \(operation.rawValue): it needs the role \(roles)")
    }

    private func log(_ refusal: VaultRefusal) async throws(KeyVaultError) {
        var call = refusal.call
        call.detail = refusal.error.reason
        if refusal.error.code == .internalError {
            logger.error("\(call.operation.rawValue) failed", metadata: ["error": "\(refusal.cause)", "caller": "\(call.caller)"])
        }
        try await commit(call, outcome: refusal.error.code.rawValue) { _ in }
    }

    /// A change and its line in the audit log, durable together when this returns.
    /// - Throws: what the change throws as `KeyVaultError`; `auditUnavailable` when nothing could be written.
    func commit<Value: Sendable>(
        _ call: VaultCall, outcome: String = "ok", _ change: @escaping @Sendable (Database) throws -> Value
    ) async throws(KeyVaultError) -> Value {
        let at = WireDate.text(environment.now())
        do {
            let line = try AuditLine(at: at, call: call, outcome: outcome)
            let value = try await store.write { db in
                let value = try change(db)
                do {
                    try AuditLog.append(line, db)
                } catch {
                    throw KeyVaultError(.auditUnavailable, "the audit log cannot be written, so nothing was done: \(error)")
                }
                return value
            }
            lastFailure.withLock { $0 = nil }
            return value
        } catch {
            switch error {
            case let error as KeyVaultError where error.code != .auditUnavailable: throw error
            default: throw unavailable(error)
            }
        }
    }

    func read<Value: Sendable>(_ query: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await store.read(query)
    }

    /// For queries that walk over many rows.
    func scan<Value: Sendable>(_ query: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await store.scan(query)
    }

    private func unavailable(_ error: any Error) -> KeyVaultError {
        logger.critical("the audit log cannot be written", metadata: ["error": "\(error)"])
        let refusal = KeyVaultError(.auditUnavailable, "the vault's store cannot be written, so nothing was done; see its log, free the disk or restart it")
        lastFailure.withLock { $0 = refusal.reason }
        return refusal
    }
}
