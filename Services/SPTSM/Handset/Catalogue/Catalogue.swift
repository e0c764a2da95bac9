import DeploymentDocument
import GlobalPlatform
import TrustedServiceModel

/// The catalogue as the handset plane may see it: deployment documents and revisions, nothing else (TR-03165 4.2.2, design section 1).
public protocol Catalogue: Sendable {
    /// Makes sure that what follows is no older than the configured staleness; asked at the start of every process.
    /// - Throws: `TSMFailure(.tsmNotAvailable)` when the provider plane has been away too long.
    func refresh() async throws(TSMFailure)
    /// Nil: the catalogue has no such Service now. That it was deleted is not to be concluded from it: ask `isDeleted`.
    func service(_ id: String) async throws(TSMFailure) -> ServiceDocument?
    /// Whether the feed has a tombstone of the Service: the only word that counts for a deletion (design section 1).
    func isDeleted(service id: String) async throws(TSMFailure) -> Bool
    /// Whether the feed, as it was read last, has a tombstone of the Flavor or its Service: what was made from it is orphaned (TR-03165 3.2.3). Unlinking
    /// a Flavor, and deleting a Version, leave none.
    func isDeleted(flavor id: String, of service: String) async throws(TSMFailure) -> Bool
    /// Whether the operator has closed the TSM, as it was known last: then no process begins (category 19). Never waits for the provider plane.
    func isClosed() async -> Bool
    /// Nil: no published Flavor of this Version for this profile.
    func document(service: String, version: String, profile: String) async throws(TSMFailure) -> DeploymentDocument?
    /// A load file data block by its SHA-256, checked.
    func loadFileDataBlock(sha256: HexBytes) async throws(TSMFailure) -> [UInt8]
    func deviceApps() async throws(TSMFailure) -> [DeviceApp]
    func issuers() async throws(TSMFailure) -> [IssuerDescriptor]
    /// Service providers' own token issuers, no older than a second while the provider plane answers; while it is away, as they were known last.
    /// - Throws: `TSMFailure(.tsmNotAvailable)` when they are not known.
    func tokenIssuers() async throws(TSMFailure) -> [TokenIssuerDescriptor]
    /// Of service providers that have an integrity service; as recent as token issuers.
    func deviceIntegrityKeys() async throws(TSMFailure) -> [DeviceIntegrityKeys]
}
