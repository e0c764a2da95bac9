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
        var deleted: Set<String> = []
        var documents: [DocumentKey: DeploymentDocument] = [:]
        var apps: [DeviceApp]?
        var issuers: [IssuerDescriptor]?
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
        let known = state.withLock { $0.revision }
        let asked = clock.now
        do throws(RemoteError) {
            let feed: RevisionFeed = try await client.call(.get, "/internal/v1/revisions?after=\(known)")
            state.withLock { state in
                state.confirmedAt = asked
                if feed.current < known {
                    // The provider plane's store is an older one (restored): what is cached is of a history that does not count any more.
                    let binaries = (state.binaries, state.binaryBytes)
                    state = State(revision: -1, confirmedAt: asked)
                    (state.binaries, state.binaryBytes) = binaries
                }
                for entry in feed.entries where entry.revision > state.revision { Self.apply(entry.change, to: &state) }
                state.revision = max(state.revision, feed.current)
            }
        } catch {
            let fresh = state.withLock { state in state.confirmedAt.map { clock.now - $0 <= maximumStaleness } ?? false }
            logger.warning("the catalogue's revisions cannot be read", metadata: ["error": "\(error)", "cacheServes": "\(fresh)"])
            guard fresh else { throw TSMFailure(.tsmNotAvailable, "the TSM's catalogue cannot be reached; try again later") }
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
        case .flavorDeleted(let service, _):
            state.services[service] = nil
            state.documents = state.documents.filter { $0.key.service != service }
        case .settingsChanged:
            state.apps = nil
            state.issuers = nil
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
