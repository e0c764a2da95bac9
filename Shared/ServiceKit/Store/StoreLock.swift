import Foundation
import Synchronization

/// The lock on a store's directory: whoever holds it is the only process that opens the store.
///
/// It is an flock(2), so that the kernel drops it when the process dies, however it dies.
final class StoreLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// - Throws: ``StoreError`` `locked`, naming the holder's process ID as far as it is known; `directoryUnusable`.
    init(directory: String) throws(StoreError) {
        let path = directory + "/lock"
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(0o600))
        guard opened >= 0 else { throw StoreError(.directoryUnusable, "cannot open \(path): \(String(cString: strerror(errno)))") }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 32)
            let count = max(0, read(opened, &text, text.count))
            close(opened)
            let holder = String(decoding: text.prefix(count), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw StoreError(.locked, "\(directory) is in use by another process\(holder.isEmpty ? "" : " (process \(holder))"); a store has one process only")
        }
        let text = Array("\(getpid())\n".utf8)
        // The process ID is for the message above alone; the lock holds without it.
        if ftruncate(opened, 0) == 0 { _ = write(opened, text, text.count) }
        descriptor = Mutex(opened)
    }

    func release() {
        descriptor.withLock { descriptor in
            if let open = descriptor {
                // Explicitly: a child that is being spawned just now holds the descriptor, too, until its exec.
                _ = flock(open, LOCK_UN)
                close(open)
            }
            descriptor = nil
        }
    }

    deinit { release() }
}
