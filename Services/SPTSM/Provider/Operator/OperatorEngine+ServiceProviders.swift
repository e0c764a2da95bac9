import GlobalPlatform
import GRDB
import Identity
import ServiceKit

/// Service providers and what they were given.
extension OperatorEngine {
    public func createServiceProvider(_ new: OperatorAPI.NewServiceProvider) async throws -> OperatorAPI.ServiceProviderRecord {
        try OperatorChecks.check(new)
        let id = environment.uuid()
        return try await change { db, changes in
            try ServiceProviderTable.insert(new, id: id, db)
            changes.settingsChanged()
            return try existing(id, db)
        }
    }

    public func serviceProviders() async throws -> [OperatorAPI.ServiceProviderRecord] { try await store.scan { try ServiceProviderTable.all($0) } }

    public func serviceProvider(_ id: String) async throws -> OperatorAPI.ServiceProviderRecord { try await store.read { try existing(id, $0) } }

    public func renameServiceProvider(_ id: String, _ new: OperatorAPI.ServiceProviderName) async throws -> OperatorAPI.ServiceProviderRecord {
        try OperatorChecks.check(name: new.name, "name")
        return try await change { db, _ in
            _ = try existing(id, db)
            try ServiceProviderTable.rename(id, new.name, db)
            return try existing(id, db)
        }
    }

    /// Only once nothing of it is left in the catalogue. Its AID prefixes are given to nobody else if it ever had a Service: cards may still hold them.
    public func removeServiceProvider(_ id: String) async throws {
        try await change { db, changes in
            let record = try existing(id, db)
            if let kind = try ServiceProviderTable.whatIsLeft(of: id, db) {
                throw OperatorError(.conflict, "\(record.name) still has entries in the catalogue (\(kind)); they are to be deleted first, by it or with its token")
            }
            try ServiceProviderTable.remove(id, db)
            changes.settingsChanged()
        }
    }

    public func addDeviceApp(_ app: OperatorAPI.NewDeviceApp, to id: String) async throws -> OperatorAPI.ServiceProviderRecord {
        try OperatorChecks.check(deviceApp: app.deviceAppId)
        return try await change { db, changes in
            _ = try existing(id, db)
            try ServiceProviderTable.insertDeviceApp(app.deviceAppId, of: id, db)
            changes.settingsChanged()
            return try existing(id, db)
        }
    }

    public func removeDeviceApp(_ app: String, of id: String) async throws {
        try await change { db, changes in
            _ = try existing(id, db)
            guard try ServiceProviderTable.removeDeviceApp(app, of: id, db) else { throw OperatorError(.notFound, "no device app \(app)") }
            changes.settingsChanged()
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

    /// Not while a Flavor names it. The key itself is the key vault's, and stays there.
    public func removeKeyIndex(_ index: String, of id: String) async throws {
        try await change { db, _ in
            _ = try existing(id, db)
            if let flavor = try ServiceProviderTable.flavor(of: id, using: index, db) { throw OperatorError(.conflict, "Flavor \(flavor) uses key index \(index)") }
            guard try ServiceProviderTable.removeKeyIndex(index, of: id, db) else { throw OperatorError(.notFound, "no key index \(index)") }
        }
    }

    public func addAIDPrefix(_ new: OperatorAPI.NewAIDPrefix, to id: String) async throws -> OperatorAPI.ServiceProviderRecord {
        try OperatorChecks.check(new.prefix)
        return try await change { db, _ in
            _ = try existing(id, db)
            try ServiceProviderTable.insertPrefix(new.prefix, of: id, db)
            return try existing(id, db)
        }
    }

    /// Not the last one, and not while something lies under it.
    public func removeAIDPrefix(_ text: String, of id: String) async throws {
        guard let prefix = try? HexBytes(hex: text) else { throw OperatorError(.invalidRequest, "prefix: hexadecimal is expected") }
        try await change { db, _ in
            let record = try existing(id, db)
            guard record.aidPrefixes.contains(prefix) else { throw OperatorError(.notFound, "no AID prefix \(prefix)") }
            guard record.aidPrefixes.count > 1 else { throw OperatorError(.conflict, "\(prefix) is the only AID prefix of \(record.name)") }
            let used = try AIDUse.examples(under: prefix, of: id, db)
            guard used.isEmpty else { throw OperatorError(.conflict, "\(prefix) is in use: \(used.prefix(3).joined(separator: ", "))") }
            try ServiceProviderTable.removePrefix(prefix, of: id, db)
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
        guard new.label.unicodeScalars.count <= 255 else { throw OperatorError(.invalidRequest, "a label has at most 255 characters") }
        let issued = OperatorAPI.IssuedToken(id: environment.uuid(), longTermToken: "lt-" + Base64URL.encode(environment.randomBytes(32)))
        let now = now
        return try await change { db, _ in
            _ = try existing(id, db)
            try LongTermTokens.insert(issued.longTermToken, id: issued.id, owner: id, label: new.label, created: now, db)
            return issued
        }
    }

    public func tokens(of id: String) async throws -> [OperatorAPI.TokenRecord] {
        try await store.scan { db in
            _ = try existing(id, db)
            return try LongTermTokens.list(of: id, db)
        }
    }

    /// Short-term tokens made from it live on until they expire.
    public func revokeToken(_ token: String, of id: String) async throws {
        let now = now
        try await change { db, _ in
            _ = try existing(id, db)
            guard try LongTermTokens.revoke(token, of: id, at: now, db) else { throw OperatorError(.notFound, "no token \(token)") }
        }
    }
}
