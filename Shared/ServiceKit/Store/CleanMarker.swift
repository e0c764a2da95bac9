import Foundation
import Identity

/// The file `clean` in a store's directory: present while no process has the store open and the last one closed it.
struct CleanMarker: Sendable {
    private let path: String

    init(directory: String) { path = directory + "/clean" }

    var isPresent: Bool { FileManager.default.fileExists(atPath: path) }

    func write() throws(StoreError) {
        do throws(IdentityError) {
            try AtomicFile.write([], to: path, mode: AtomicFile.secretMode)
        } catch {
            throw StoreError(.directoryUnusable, error.reason)
        }
    }

    /// Durable before it returns: otherwise a power cut could leave the marker beside a changed store.
    func remove() throws(StoreError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw StoreError(.directoryUnusable, "cannot remove \(path): \(String(cString: strerror(errno)))")
        }
        do throws(IdentityError) {
            try AtomicFile.flushDirectory(of: path)
        } catch {
            throw StoreError(.directoryUnusable, error.reason)
        }
    }
}
