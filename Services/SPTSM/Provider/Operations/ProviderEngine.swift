import Foundation
import GRDB
import KeyVaultAPI
import Logging
import ServiceKit
import TrustedServiceModel

/// The REST API without HTTP: who is calling, and what the operations do.
struct ProviderEngine: Sendable {
    let store: Store
    let tokens: ShortTermTokens
    let environment: OperationEnvironment
    let access: AccessGuard
    let logger: Logger

    /// Before anything else is done for a client.
    /// - Throws: ``Throttled``.
    func admit(_ credentials: Credentials) throws(Throttled) { try access.admit(.address, credentials.address, now: environment.service.now()) }

    /// POST /auth: a short-term token for a long-term one, for an admitted client.
    /// - Throws: ``GeneralError``, ``Throttled``.
    func createAccessToken(_ credentials: Credentials) async throws -> String {
        let now = environment.service.now()
        try access.requireUnlocked(.address, credentials.address, now: now)
        guard let token = credentials.token else { throw GeneralError.authenticationFailed }
        let recently = WireDate.text(now.addingTimeInterval(-60))
        let (maintenance, owner, isUseNoted) = try await guarded {
            try await store.read { db in
                (try Maintenance.read(db), try LongTermTokens.owner(of: token, db), try LongTermTokens.isUseNoted(of: token, since: recently, db))
            }
        }
        guard let owner else {
            noteFailure(.address, credentials.address, credentials, now)
            throw GeneralError.authenticationFailed
        }
        try access.requireUnlocked(.serviceProvider, owner, now: now)
        guard try await isSecondFactorRight(credentials, of: owner) == true else {
            noteFailure(.address, credentials.address, credentials, now)
            noteFailure(.serviceProvider, owner, credentials, now)
            throw GeneralError.authenticationFailed
        }
        try access.admit(.serviceProvider, owner, now: now)
        try maintenance.check(writing: false)
        if !isUseNoted { try await guarded { try await store.write { try LongTermTokens.noteUse(of: token, at: WireDate.text(now), $0) } } }
        do {
            return try await tokens.issue(for: owner)
        } catch {
            logger.error("no access token could be issued", metadata: ["serviceProvider": "\(owner)", "error": "\(error)"])
            throw GeneralError.internalError("the access token could not be signed; try again later")
        }
    }

    /// The caller of every other operation; the client is admitted.
    /// - Returns: the service provider's ID.
    /// - Throws: ``GeneralError``, ``Throttled``.
    func authenticate(_ credentials: Credentials) async throws -> String {
        let now = environment.service.now()
        guard let token = credentials.token else { throw GeneralError.notAuthenticated }
        let owner: String
        do {
            owner = try await tokens.verify(token, now: now)
        } catch {
            switch error {
            case .token(let reason):
                logger.info("access token refused", metadata: ["reason": "\(reason)", "client": "\(credentials.address)"])
                // Tokens expire in every client's hands; that is no attempt at anything.
                if reason.code != .expired {
                    try access.requireUnlocked(.address, credentials.address, now: now)
                    noteFailure(.address, credentials.address, credentials, now)
                }
                throw GeneralError.notAuthenticated
            case .vault(let reason):
                logger.error("access tokens cannot be verified", metadata: ["error": "\(reason)"])
                throw GeneralError.internalError("access tokens cannot be verified at the moment; try again later")
            }
        }
        guard try await isSecondFactorRight(credentials, of: owner) == true else {
            try access.requireUnlocked(.address, credentials.address, now: now)
            noteFailure(.address, credentials.address, credentials, now)
            noteFailure(.serviceProvider, owner, credentials, now)
            throw GeneralError.notAuthenticated
        }
        try access.admit(.serviceProvider, owner, now: now)
        return owner
    }

    private func noteFailure(_ kind: AccessGuard.Subject, _ subject: String, _ credentials: Credentials, _ now: Date) {
        logger.notice("authentication failed", metadata: ["\(kind)": "\(subject)", "client": "\(credentials.address)"])
        if access.noteFailure(kind, subject, now: now) {
            logger.warning("locked out after failed authentications", metadata: ["\(kind)": "\(subject)", "client": "\(credentials.address)"])
        }
    }

    /// One operation for one service provider. Changes are durable when this returns.
    func perform(_ operation: ProviderOperation, _ input: OperationInput, owner: String) async throws(GeneralError) -> OperationOutput {
        let environment = environment
        var input = input
        if operation.body == .upload(.loadFile) { await input.prepareLoadFile() }
        return try await guarded { [input] in
            switch operation.work {
            case .read(let work):
                let query = { @Sendable (db: Database) throws -> OperationOutput in
                    try Maintenance.read(db).check(writing: false)
                    return try work(TenantCatalogue(db: db, owner: owner, changes: ChangeLog(), environment: environment), input)
                }
                return operation.isList ? try await store.scan(query) : try await store.read(query)
            case .write(let work):
                return try await store.write { db in
                    try Maintenance.read(db).check(writing: true)
                    let changes = ChangeLog()
                    let output = try work(TenantCatalogue(db: db, owner: owner, changes: changes, environment: environment), input)
                    try changes.commit(db)
                    return output
                }
            case .authenticate: throw GeneralError.internalError("this operation has no tenant")
            }
        }
    }

    /// nil: there is no such service provider. True when no certificate is bound to it.
    private func isSecondFactorRight(_ credentials: Credentials, of owner: String) async throws(GeneralError) -> Bool? {
        let row = try await guarded { try await store.read { try ServiceProviderTable.find(owner, $0) } }
        guard let row else { return nil }
        guard let bound = row.clientCertificateSHA256 else { return true }
        let isRight = credentials.clientCertificateSHA256?.lowercased() == bound
        if !isRight { logger.notice("client certificate is not the one bound to the service provider", metadata: ["serviceProvider": "\(owner)", "client": "\(credentials.address)"]) }
        return isRight
    }

    /// What is not meant for the caller is logged and becomes 2000.
    private func guarded<Value: Sendable>(_ work: () async throws -> Value) async throws(GeneralError) -> Value {
        do {
            return try await work()
        } catch let error as GeneralError {
            throw error
        } catch {
            logger.error("operation failed unexpectedly", metadata: ["error": "\(error)"])
            throw .internalError("the operation failed; the TSM operator's log says why")
        }
    }
}
