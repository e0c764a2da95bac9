import DeploymentDocument
import GRDB

/// Issuers of secure components, and where their SEI TSMs are.
extension OperatorEngine {
    public func createIssuer(_ new: OperatorAPI.NewIssuer) async throws -> IssuerDescriptor {
        try OperatorChecks.check(new)
        let id = new.id ?? environment.uuid()
        return try await change { db, changes in
            guard try !IssuerTable.exists(id, db) else { throw OperatorError(.conflict, "an issuer \(id) exists already") }
            try IssuerTable.insert(new, id: id, db)
            changes.settingsChanged()
            return try Self.existingIssuer(id, db)
        }
    }

    public func issuers() async throws -> [IssuerDescriptor] { try await store.scan { try IssuerTable.all($0) } }

    public func issuer(_ id: String) async throws -> IssuerDescriptor { try await store.read { try Self.existingIssuer(id, $0) } }

    /// All but the ID, for example a new address or CA of its SEI TSM.
    public func replaceIssuer(_ id: String, _ new: OperatorAPI.NewIssuer) async throws -> IssuerDescriptor {
        try OperatorChecks.check(new)
        guard new.id == nil || new.id == id else { throw OperatorError(.invalidRequest, "id: an issuer keeps its ID") }
        return try await change { db, changes in
            _ = try Self.existingIssuer(id, db)
            try IssuerTable.update(new, id: id, db)
            changes.settingsChanged()
            return try Self.existingIssuer(id, db)
        }
    }

    /// Only once it has no profile.
    public func removeIssuer(_ id: String) async throws {
        try await change { db, changes in
            let issuer = try Self.existingIssuer(id, db)
            guard issuer.secureComponentProfileIds.isEmpty else {
                throw OperatorError(.conflict, "\(issuer.name) still has profiles: \(issuer.secureComponentProfileIds.joined(separator: ", "))")
            }
            try IssuerTable.remove(id, db)
            changes.settingsChanged()
        }
    }

    private static func existingIssuer(_ id: String, _ db: Database) throws -> IssuerDescriptor {
        guard let found = try IssuerTable.all(db).first(where: { $0.id == id }) else { throw OperatorError(.notFound, "no issuer \(id)") }
        return found
    }
}
