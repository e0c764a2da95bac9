import DeploymentDocument
import GRDB
import Identity

/// Keys of service providers' integrity services. The handset plane learns of each change through the feed.
extension OperatorEngine {
    /// Again replaces.
    public func setDeviceIntegrity(_ new: OperatorAPI.NewDeviceIntegrity, of owner: String) async throws -> DeviceIntegrityKeys {
        try OperatorChecks.check(keys: new.jwks, "jwks")
        let age = new.maximumAge ?? 300
        guard (10...3600).contains(age) else { throw OperatorError(.invalidRequest, "maximumAge: 10 to 3600 seconds are expected") }
        let keys = DeviceIntegrityKeys(serviceProviderId: owner, jwks: new.jwks, maximumAge: age)
        return try await change { db, changes in
            _ = try existing(owner, db)
            try DeviceIntegrityTable.set(keys, db)
            changes.settingsChanged()
            return keys
        }
    }

    public func deviceIntegrity(of owner: String) async throws -> DeviceIntegrityKeys {
        try await store.read { db in
            let record = try existing(owner, db)
            guard let found = try DeviceIntegrityTable.find(of: owner, db) else { throw OperatorError(.notFound, "no integrity service of \(record.name) is registered") }
            return found
        }
    }

    public func removeDeviceIntegrity(of owner: String) async throws {
        try await change { db, changes in
            let record = try existing(owner, db)
            guard try DeviceIntegrityTable.remove(of: owner, db) else { throw OperatorError(.notFound, "no integrity service of \(record.name) is registered") }
            changes.settingsChanged()
        }
    }
}
