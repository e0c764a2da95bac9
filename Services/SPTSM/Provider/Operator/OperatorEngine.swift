import DeploymentDocument
import Foundation
import GlobalPlatform
import GRDB
import Identity
import ServiceKit
import TrustedServiceModel

/// What the TSM's operator may do with the catalogue: who takes part, and on which secure components.
public struct OperatorEngine: Sendable {
    let store: Store
    let environment: ServiceEnvironment

    /// - Throws: ``OperatorError``, as every method here.
    public func createServiceProvider(_ new: OperatorAPI.NewServiceProvider) async throws -> OperatorAPI.ServiceProviderRecord {
        try OperatorChecks.check(new)
        let id = environment.uuid()
        return try await change { db, changes in
            try ServiceProviderTable.insert(new, id: id, db)
            changes.settingsChanged()
            return try existing(id, db)
        }
    }

    public func serviceProviders() async throws -> [OperatorAPI.ServiceProviderRecord] { try await store.read { try ServiceProviderTable.all($0) } }

    public func serviceProvider(_ id: String) async throws -> OperatorAPI.ServiceProviderRecord { try await store.read { try existing(id, $0) } }

    public func addDeviceApp(_ app: OperatorAPI.NewDeviceApp, to id: String) async throws -> OperatorAPI.ServiceProviderRecord {
        try OperatorChecks.check(deviceApp: app.deviceAppId)
        return try await change { db, changes in
            _ = try existing(id, db)
            try ServiceProviderTable.insertDeviceApp(app.deviceAppId, of: id, db)
            changes.settingsChanged()
            return try existing(id, db)
        }
    }

    public func addKeyIndex(_ key: OperatorAPI.KeyIndex, to id: String) async throws -> OperatorAPI.ServiceProviderRecord {
        try OperatorChecks.check(key)
        return try await change { db, _ in
            _ = try existing(id, db)
            try ServiceProviderTable.insertKeyIndex(key, of: id, db)
            return try existing(id, db)
        }
    }

    public func setClientCertificate(_ certificate: OperatorAPI.ClientCertificate, of id: String) async throws -> OperatorAPI.ServiceProviderRecord {
        if let sha256 = certificate.sha256 { try OperatorChecks.check(sha256: sha256) }
        return try await change { db, _ in
            _ = try existing(id, db)
            try ServiceProviderTable.setClientCertificate(certificate.sha256, of: id, db)
            return try existing(id, db)
        }
    }

    /// The only time that the token is seen.
    public func issueToken(_ new: OperatorAPI.NewToken, for id: String) async throws -> OperatorAPI.IssuedToken {
        guard new.label.count <= 255 else { throw OperatorError(.invalidRequest, "a label has at most 255 characters") }
        let issued = OperatorAPI.IssuedToken(id: environment.uuid(), longTermToken: "lt-" + Base64URL.encode(environment.randomBytes(32)))
        let now = WireDate.text(environment.now())
        return try await change { db, _ in
            _ = try existing(id, db)
            try LongTermTokens.insert(issued.longTermToken, id: issued.id, owner: id, label: new.label, created: now, db)
            return issued
        }
    }

    public func tokens(of id: String) async throws -> [OperatorAPI.TokenRecord] {
        try await store.read { db in
            _ = try existing(id, db)
            return try LongTermTokens.list(of: id, db)
        }
    }

    /// Short-term tokens made from it live on until they expire.
    public func revokeToken(_ token: String, of id: String) async throws {
        let now = WireDate.text(environment.now())
        try await change { db, _ in
            _ = try existing(id, db)
            guard try LongTermTokens.revoke(token, of: id, at: now, db) else { throw OperatorError(.notFound, "no token \(token)") }
        }
    }

    public func createIssuer(_ new: OperatorAPI.NewIssuer) async throws -> IssuerDescriptor {
        try OperatorChecks.check(new)
        let id = new.id ?? environment.uuid()
        return try await change { db, changes in
            guard try !IssuerTable.exists(id, db) else { throw OperatorError(.conflict, "an issuer \(id) exists already") }
            try IssuerTable.insert(new, id: id, db)
            changes.settingsChanged()
            guard let made = try IssuerTable.all(db).first(where: { $0.id == id }) else { throw OperatorError(.notFound, "no issuer \(id)") }
            return made
        }
    }

    public func issuers() async throws -> [IssuerDescriptor] { try await store.read { try IssuerTable.all($0) } }

    public func createProfile(_ new: OperatorAPI.NewProfile) async throws -> OperatorAPI.NewProfile {
        var made = new
        if made.profile.id.isEmpty { made.profile.id = environment.uuid() }
        try OperatorChecks.check(made.profile)
        let entry = ProfileTable.Entry(issuerId: made.issuerId, profile: made.profile)
        return try await change { [made] db, changes in
            guard try IssuerTable.exists(entry.issuerId, db) else { throw OperatorError(.notFound, "no issuer \(entry.issuerId)") }
            guard try ProfileTable.find(entry.profile.id, db) == nil else { throw OperatorError(.conflict, "a profile \(entry.profile.id) exists already") }
            try ProfileTable.insert(entry, db)
            changes.settingsChanged()
            return made
        }
    }

    public func profiles() async throws -> [OperatorAPI.NewProfile] {
        try await store.read { try ProfileTable.all($0).map { OperatorAPI.NewProfile(issuerId: $0.issuerId, profile: $0.profile) } }
    }

    private func change<Value: Sendable>(_ work: @escaping @Sendable (Database, ChangeLog) throws -> Value) async throws -> Value {
        try await store.write { db in
            let changes = ChangeLog()
            let value = try work(db, changes)
            try changes.commit(db)
            return value
        }
    }

    private func existing(_ id: String, _ db: Database) throws -> OperatorAPI.ServiceProviderRecord {
        guard let found = try ServiceProviderTable.find(id, db) else { throw OperatorError(.notFound, "no service provider \(id)") }
        return found
    }
}
