import Crypto
import DeploymentDocument
import Foundation
import GlobalPlatform
import Logging
import ServiceKit
import Synchronization
import TrustedServiceModel

/// The provider plane's internal interface, cached by revision (design section 1).
///
/// Documents are kept until the feed names a change of their Service. Binaries are immutable and kept by SHA-256. While the
/// provider plane is away, what is cached serves until `maximumStaleness` has passed since the last answer; then callers get
/// category 1. Deletions are the feed's tombstones, never a 404 or silence.
public final class RemoteCatalogue: Catalogue {
    private struct DocumentKey: Hashable { var service: String; var version: String; var profile: String }
    private struct State {
        var revision = -1
        var confirmedAt: ContinuousClock.Instant?
        var services: [String: ServiceDocument] = [:]
        /// Tombstones: Services, and Flavors. They are never many, since the feed begins at its beginning after every start.
        var deleted: Set<String> = []
        var deletedFlavors: Set<String> = []
        var isClosed = false
        /// What is known of maintenance is from before a change.
        var isMaintenanceOutdated = true
        var documents: [DocumentKey: DeploymentDocument] = [:]
        var apps: [DeviceApp]?
        var issuers: [IssuerDescriptor]?
        var tokenIssuers: [TokenIssuerDescriptor]?
        var deviceIntegrityKeys: [DeviceIntegrityKeys]?
        var binaries: [HexBytes: [UInt8]] = [:]
        var binaryBytes = 0
    }

    /// Bytes of load file data blocks kept in memory.
    private static let maximumBinaryBytes = 8 * 1024 * 1024

    private let client: JSONClient
    private let maximumStaleness: Duration
    private let logger: Logger
    private let clock = ContinuousClock()
    private let state = Mutex(State())

    public init(client: JSONClient, maximumStaleness: Duration, logger: Logger) {
        self.client = client
        self.maximumStaleness = maximumStaleness
        self.logger = logger
    }

    public func refresh() async throws(TSMFailure) {
        do throws(RemoteError) {
            try await readFeed()
        } catch {
            let fresh = state.withLock { state in state.confirmedAt.map { clock.now - $0 <= maximumStaleness } ?? false }
            logger.warning("the catalogue's revisions cannot be read", metadata: ["error": "\(error)", "cacheServes": "\(fresh)"])
            guard fresh else { throw TSMFailure(.tsmNotAvailable, "the TSM's catalogue cannot be reached; try again later") }
        }
    }

    /// Reads what the feed has after the last reading. Beside the processes' own look it is read all the time (`CatalogueFollower`).
    func readFeed() async throws(RemoteError) {
        let known = state.withLock { $0.revision }
        let asked = clock.now
        let feed: RevisionFeed = try await client.call(.get, "/internal/v1/revisions?after=\(known)")
        let isMaintenanceOutdated = state.withLock { state in
            state.confirmedAt = asked
            if feed.current < known {
                // The provider plane's store is an older one (restored): what is cached is of a history that does not count any more.
                let kept = state
                state = State(revision: -1, confirmedAt: asked)
                (state.binaries, state.binaryBytes, state.isClosed) = (kept.binaries, kept.binaryBytes, kept.isClosed)
            }
            for entry in feed.entries where entry.revision > state.revision { Self.apply(entry.change, to: &state) }
            state.revision = max(state.revision, feed.current)
            return state.isMaintenanceOutdated
        }
        if isMaintenanceOutdated { try await readMaintenance(at: max(known, feed.current)) }
    }

    private func readMaintenance(at revision: Int) async throws(RemoteError) {
        var maintenance: MaintenanceDocument?
        do throws(RemoteError) {
            maintenance = try await client.call(.get, "/internal/v1/maintenance")
        } catch {
            // A provider plane of before there was maintenance has none.
            guard error.status == 404 else { throw error }
        }
        state.withLock { state in
            state.isClosed = maintenance?.isClosed ?? false
            if state.revision == revision { state.isMaintenanceOutdated = false }
        }
    }

    private static func apply(_ change: RevisionFeed.Change, to state: inout State) {
        switch change {
        case .serviceChanged(let id):
            state.services[id] = nil
            state.documents = state.documents.filter { $0.key.service != id }
        case .serviceDeleted(let id):
            state.services[id] = nil
            state.documents = state.documents.filter { $0.key.service != id }
            state.deleted.insert(id)
        case .flavorDeleted(let service, let flavor):
            state.deletedFlavors.insert(flavor)
            state.services[service] = nil
            state.documents = state.documents.filter { $0.key.service != service }
        case .settingsChanged:
            state.apps = nil
            state.issuers = nil
            state.isMaintenanceOutdated = true
            state.tokenIssuers = nil
            state.deviceIntegrityKeys = nil
        }
    }

    public func service(_ id: String) async throws(TSMFailure) -> ServiceDocument? {
        let cached = state.withLock { ($0.services[id], $0.deleted.contains(id), $0.revision) }
        if cached.1 { return nil }
        if let service = cached.0 { return service }
        guard let service: ServiceDocument = try await fetch("/internal/v1/services/\(JSONClient.segment(id))") else { return nil }
        // Not kept if the feed told of changes while it was on its way: it may be from before them.
        state.withLock { if $0.revision == cached.2 { $0.services[id] = service } }
        return service
    }

    public func isDeleted(service id: String) async throws(TSMFailure) -> Bool {
        if state.withLock({ $0.deleted.contains(id) }) { return true }
        // The tombstone may be younger than our last reading of the feed.
        try await refresh()
        return state.withLock { $0.deleted.contains(id) }
    }

    public func isDeleted(flavor id: String, of service: String) async throws(TSMFailure) -> Bool {
        state.withLock { $0.deletedFlavors.contains(id) || $0.deleted.contains(service) }
    }

    public func isClosed() async -> Bool { state.withLock { $0.isClosed } }

    public func document(service: String, version: String, profile: String) async throws(TSMFailure) -> DeploymentDocument? {
        let key = DocumentKey(service: service, version: version, profile: profile)
        let (cached, revision) = state.withLock { ($0.documents[key], $0.revision) }
        if let cached { return cached }
        let path = "/internal/v1/services/\(JSONClient.segment(service))/versions/\(JSONClient.segment(version))/profiles/\(JSONClient.segment(profile))"
        guard let document: DeploymentDocument = try await fetch(path) else { return nil }
        state.withLock { if $0.revision == revision { $0.documents[key] = document } }
        return document
    }

    public func loadFileDataBlock(sha256: HexBytes) async throws(TSMFailure) -> [UInt8] {
        if let block = state.withLock({ $0.binaries[sha256] }) { return block }
        let block: [UInt8]
        do throws(RemoteError) {
            block = try await client.exchange(.get, "/internal/v1/binaries/\(Hex.encode(sha256.bytes))", bytes: nil, contentType: nil).body
        } catch {
            throw failure(error, "load file")
        }
        guard Array(SHA256.hash(data: block)) == sha256.bytes else {
            throw TSMFailure(.internalError, "a load file of the catalogue does not have the hash that its document names; give this to the TSM's operator")
        }
        state.withLock { state in
            if state.binaryBytes + block.count > Self.maximumBinaryBytes {
                state.binaries = [:]
                state.binaryBytes = 0
            }
            state.binaries[sha256] = block
            state.binaryBytes += block.count
        }
        return block
    }

    public func deviceApps() async throws(TSMFailure) -> [DeviceApp] {
        let (cached, revision) = state.withLock { ($0.apps, $0.revision) }
        if let cached { return cached }
        let apps: [DeviceApp] = try await list("/internal/v1/device-apps")
        state.withLock { if $0.revision == revision { $0.apps = apps } }
        return apps
    }

    public func issuers() async throws(TSMFailure) -> [IssuerDescriptor] {
        let (cached, revision) = state.withLock { ($0.issuers, $0.revision) }
        if let cached { return cached }
        let issuers: [IssuerDescriptor] = try await list("/internal/v1/issuers")
        state.withLock { if $0.revision == revision { $0.issuers = issuers } }
        return issuers
    }

    /// The feed, which is read all the time (`CatalogueFollower`), takes away what has changed. What is kept serves while the provider plane is away, so
    /// that who was let in before may still suspend and terminate (design section 1).
    public func tokenIssuers() async throws(TSMFailure) -> [TokenIssuerDescriptor] {
        let (cached, revision) = state.withLock { ($0.tokenIssuers, $0.revision) }
        if let cached { return cached }
        let issuers: [TokenIssuerDescriptor] = try await list("/internal/v1/token-issuers")
        state.withLock { if $0.revision == revision { $0.tokenIssuers = issuers } }
        return issuers
    }

    public func deviceIntegrityKeys() async throws(TSMFailure) -> [DeviceIntegrityKeys] {
        let (cached, revision) = state.withLock { ($0.deviceIntegrityKeys, $0.revision) }
        if let cached { return cached }
        let keys: [DeviceIntegrityKeys] = try await list("/internal/v1/device-integrity")
        state.withLock { if $0.revision == revision { $0.deviceIntegrityKeys = keys } }
        return keys
    }

    /// A list that is always there, if only empty: a 404 is a provider plane that does not work, not an empty list.
    private func list<Element: Decodable & Sendable>(_ path: String) async throws(TSMFailure) -> [Element] {
        do throws(RemoteError) { return try await client.call(.get, path) } catch { throw failure(error, "catalogue") }
    }

    /// - Returns: nil for 404.
    private func fetch<Value: Decodable & Sendable>(_ path: String) async throws(TSMFailure) -> Value? {
        do throws(RemoteError) {
            return try await client.call(.get, path)
        } catch {
            if error.status == 404 { return nil }
            throw failure(error, "catalogue")
        }
    }

    private func failure(_ error: RemoteError, _ what: String) -> TSMFailure {
        logger.error("the provider plane did not answer as it should", metadata: ["error": "\(error)"])
        return TSMFailure(.tsmNotAvailable, "the TSM's \(what) cannot be reached; try again later")
    }
}
