import DeploymentDocument
import Foundation
import GRDB
import Logging
import ServiceKit

/// What the TSM's operator may do with the catalogue: who takes part, on which secure components, and when nothing goes. Each method
/// throws ``OperatorError`` for what cannot be; changes are durable when it returns.
public struct OperatorEngine: Sendable {
    let store: Store
    let environment: ServiceEnvironment
    let notices: NoticeSettings
    let access: AccessGuard
    /// `iss` of the tokens that this TSM makes itself.
    let ownTokenIssuer: String
    let logger: Logger

    var now: String { WireDate.text(environment.now()) }

    public func maintenance() async throws -> Maintenance { try await store.read { try Maintenance.read($0) } }

    public func setMaintenance(_ new: OperatorAPI.NewMaintenance) async throws -> Maintenance {
        let message = new.message ?? ""
        guard message.unicodeScalars.count <= 150 else { throw OperatorError(.invalidRequest, "message: at most 150 characters, it is part of each refusal") }
        let maintenance = Maintenance(mode: new.mode, message: new.mode == .off ? "" : message, since: now)
        return try await change { db, changes in
            try maintenance.write(db)
            changes.settingsChanged()
            return maintenance
        }
    }

    /// Who is locked out at the moment, after failed authentications.
    public func lockouts() -> [OperatorAPI.LockoutRecord] {
        access.lockouts(now: environment.now()).map { OperatorAPI.LockoutRecord(kind: $0.kind.rawValue, subject: $0.subject, until: WireDate.text($0.until)) }
    }

    /// - Parameter kind: `address` or `serviceProvider`.
    public func releaseLockout(kind: String, subject: String) throws(OperatorError) {
        guard let kind = AccessGuard.Subject(rawValue: kind) else { throw OperatorError(.invalidRequest, "kind: address or serviceProvider is expected") }
        guard access.release(kind, subject) else { throw OperatorError(.notFound, "\(subject) is not locked out") }
    }

    func change<Value: Sendable>(_ work: @escaping @Sendable (Database, ChangeLog) throws -> Value) async throws -> Value {
        try await store.write { db in
            let changes = ChangeLog()
            let value = try work(db, changes)
            try changes.commit(db)
            return value
        }
    }

    func existing(_ id: String, _ db: Database) throws -> OperatorAPI.ServiceProviderRecord {
        guard let found = try ServiceProviderTable.find(id, db) else { throw OperatorError(.notFound, "no service provider \(id)") }
        return found
    }
}
