import DeploymentDocument
import GRDB
import Identity

/// Token issuers that service providers run for their own apps. The handset plane learns of each change through the feed.
extension OperatorEngine {
    public func addTokenIssuer(_ new: OperatorAPI.NewTokenIssuer, to owner: String) async throws -> TokenIssuerDescriptor {
        try await saveTokenIssuer(try descriptor(new, id: environment.uuid(), of: owner), isNew: true)
    }

    /// All but the ID, for example a new key set; in force with the handset plane's next look at the feed.
    public func replaceTokenIssuer(_ id: String, of owner: String, _ new: OperatorAPI.NewTokenIssuer) async throws -> TokenIssuerDescriptor {
        try await saveTokenIssuer(try descriptor(new, id: id, of: owner), isNew: false)
    }

    public func tokenIssuers(of owner: String) async throws -> [TokenIssuerDescriptor] {
        try await store.scan { db in
            _ = try existing(owner, db)
            return try TokenIssuerTable.all(of: owner, db)
        }
    }

    public func tokenIssuer(_ id: String, of owner: String) async throws -> TokenIssuerDescriptor {
        try await store.read { try existingTokenIssuer(id, of: owner, $0) }
    }

    /// Its tokens count no more, whatever their expiry.
    public func removeTokenIssuer(_ id: String, of owner: String) async throws {
        try await change { db, changes in
            _ = try existing(owner, db)
            guard try TokenIssuerTable.remove(id, of: owner, db) else { throw OperatorError(.notFound, "no token issuer \(id)") }
            changes.settingsChanged()
        }
    }

    private func saveTokenIssuer(_ issuer: TokenIssuerDescriptor, isNew: Bool) async throws -> TokenIssuerDescriptor {
        try await change { db, changes in
            _ = try existing(issuer.serviceProviderId, db)
            if !isNew { _ = try existingTokenIssuer(issuer.id, of: issuer.serviceProviderId, db) }
            if let other = try TokenIssuerTable.find(issuer: issuer.issuer, audience: issuer.audience, db), other.id != issuer.id {
                throw OperatorError(.conflict, other.serviceProviderId == issuer.serviceProviderId
                    ? "token issuer \(other.id) has the same issuer and audience" : "another service provider has the same issuer and audience; agree on an audience of its own for each")
            }
            try TokenIssuerTable.save(issuer, db)
            changes.settingsChanged()
            return issuer
        }
    }

    private func existingTokenIssuer(_ id: String, of owner: String, _ db: Database) throws -> TokenIssuerDescriptor {
        _ = try existing(owner, db)
        guard let found = try TokenIssuerTable.find(id, of: owner, db) else { throw OperatorError(.notFound, "no token issuer \(id)") }
        return found
    }

    private func descriptor(_ new: OperatorAPI.NewTokenIssuer, id: String, of owner: String) throws -> TokenIssuerDescriptor {
        try OperatorChecks.check(name: new.issuer, "issuer")
        try OperatorChecks.check(name: new.audience, "audience")
        guard new.issuer != ownTokenIssuer else { throw OperatorError(.invalidRequest, "issuer: \(new.issuer) is this TSM itself") }
        try OperatorChecks.check(keys: new.jwks, "jwks")
        let lifetime = new.maximumLifetime ?? 3600
        guard (60...86_400).contains(lifetime) else { throw OperatorError(.invalidRequest, "maximumLifetime: 60 to 86400 seconds are expected") }
        return TokenIssuerDescriptor(id: id, serviceProviderId: owner, issuer: new.issuer, audience: new.audience, jwks: new.jwks,
                                     deviceAppClaim: try new.deviceAppClaim ?? ClaimPointer("/deviceAppId"),
                                     deviceKeyClaim: try new.deviceKeyClaim ?? ClaimPointer("/cnf/jkt"), maximumLifetime: lifetime)
    }
}
