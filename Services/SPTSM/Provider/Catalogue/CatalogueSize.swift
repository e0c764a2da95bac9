import GRDB
import Logging
import Metrics
import ServiceKit
import ServiceLifecycle

/// How much files take in the catalogue: it grows with every load file that is published, since those are kept for ever. Metrics for the operator.
struct CatalogueSize: Sendable, Hashable {
    /// Load file data blocks that a published Flavor has or had: kept for ever.
    var published = Files()
    /// Load file data blocks that go with their ExecutableLoadFile.
    var unpublished = Files()
    /// Files as they were uploaded: CAP files, scripts, certificates.
    var uploads = Files()

    struct Files: Sendable, Hashable {
        var count = 0
        var bytes = 0
    }

    static func read(_ db: Database) throws -> CatalogueSize {
        func files(_ sql: String) throws -> Files { try Row.fetchOne(db, sql: sql).map { Files(count: $0[0], bytes: $0[1]) } ?? Files() }
        // A blob's length is in the row's head: the blobs are not read.
        return CatalogueSize(
            published: try files("SELECT count(*), coalesce(sum(length(data)), 0) FROM load_file WHERE was_published = 1"),
            unpublished: try files("SELECT count(*), coalesce(sum(length(data)), 0) FROM load_file WHERE was_published = 0"),
            uploads: try files("SELECT count(*), coalesce(sum(size), 0) FROM uploaded_file"))
    }
}

/// Tells the catalogue's size again and again.
struct CatalogueSizeReport: ServiceLifecycle.Service {
    let store: Store
    let interval: Duration
    let logger: Logger

    func run() async throws {
        let gauges = ["published", "unpublished", "upload"].map { kind in
            (count: Gauge(label: "catalogue_files", dimensions: [("kind", kind)]), bytes: Gauge(label: "catalogue_file_bytes", dimensions: [("kind", kind)]))
        }
        await cancelWhenGracefulShutdown {
            repeat {
                do {
                    let size = try await store.scan { try CatalogueSize.read($0) }
                    for (gauge, files) in zip(gauges, [size.published, size.unpublished, size.uploads]) {
                        gauge.count.record(files.count)
                        gauge.bytes.record(files.bytes)
                    }
                } catch {
                    logger.error("the catalogue's size cannot be read", metadata: ["error": "\(error)"])
                }
            } while (try? await Task.sleep(for: interval)) != nil
        }
    }
}
