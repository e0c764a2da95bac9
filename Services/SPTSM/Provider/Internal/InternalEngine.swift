import DeploymentDocument
import ServiceKit

/// What the handset plane may ask, all of it reading.
public struct InternalEngine: Sendable {
    let store: Store

    /// nil: there is no such Service.
    public func service(_ id: String) async throws -> ServiceDocument? {
        try await store.read { try DeploymentDocuments(db: $0).service(id) }
    }

    /// - Throws: an error whose answer says `notFound` or `notDeployable`.
    public func deployment(service: String, tag: String, profile: String) async throws -> DeploymentDocument {
        try await store.scan { try DeploymentDocuments(db: $0).deployment(service: service, tag: tag, profile: profile) }
    }

    /// A load file data block by its SHA-256 in lower-case hexadecimal; nil: there never was one.
    public func binary(sha256: String) async throws -> [UInt8]? {
        try await store.scan { try LoadFileStore.find(sha256: sha256, $0) }
    }

    public func revisions(after revision: Int) async throws -> RevisionFeed {
        try await store.scan { try ChangeLog.feed(after: revision, $0) }
    }

    public func deviceApps() async throws -> [DeviceApp] {
        try await store.scan { db in
            try ServiceProviderTable.all(db).flatMap { provider in provider.deviceApps.map { DeviceApp(serviceProviderId: provider.id, deviceAppId: $0) } }
        }
    }

    public func tokenIssuers() async throws -> [TokenIssuerDescriptor] { try await store.scan { try TokenIssuerTable.all($0) } }

    public func deviceIntegrityKeys() async throws -> [DeviceIntegrityKeys] { try await store.scan { try DeviceIntegrityTable.all($0) } }

    public func maintenance() async throws -> Maintenance { try await store.read { try Maintenance.read($0) } }

    public func issuers() async throws -> [IssuerDescriptor] {
        try await store.scan { try IssuerTable.all($0) }
    }
}
