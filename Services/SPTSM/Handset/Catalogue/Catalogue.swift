import DeploymentDocument
import GlobalPlatform
import TrustedServiceModel

/// The catalogue as the handset plane may see it: deployment documents and revisions, nothing else (TR-03165 4.2.2, design section 1).
public protocol Catalogue: Sendable {
    /// Makes sure that what follows is no older than the configured staleness; asked at the start of every process.
    /// - Throws: `TSMFailure(.tsmNotAvailable)` when the provider plane has been away too long.
    func refresh() async throws(TSMFailure)
    /// Nil: no such Service, or a tombstone.
    func service(_ id: String) async throws(TSMFailure) -> ServiceDocument?
    /// Nil: no published Flavor of this Version for this profile.
    func document(service: String, version: String, profile: String) async throws(TSMFailure) -> DeploymentDocument?
    /// A load file data block by its SHA-256, checked.
    func loadFileDataBlock(sha256: HexBytes) async throws(TSMFailure) -> [UInt8]
    func deviceApps() async throws(TSMFailure) -> [DeviceApp]
    func issuers() async throws(TSMFailure) -> [IssuerDescriptor]
}
