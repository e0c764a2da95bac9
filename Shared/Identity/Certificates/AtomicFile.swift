import Foundation

/// Writing a file so that a reader sees the old or the new content and nothing between, also after a power cut.
public enum AtomicFile {
    /// Mode of files with private keys.
    public static let secretMode: UInt32 = 0o600
    /// Mode of files that anyone on the machine may read.
    public static let publicMode: UInt32 = 0o644

    /// Writes beside the target, flushes, renames over it, flushes the directory. The file has `mode` from its first byte on.
    /// - Throws: ``IdentityError`` `unwritableFile`.
    public static func write(_ content: some Sequence<UInt8>, to path: String, mode: UInt32) throws(IdentityError) {
        let temporary = try prepare(Array(content), beside: path, mode: mode)
        guard rename(temporary, path) == 0 else {
            let error = failure("cannot rename \(temporary) to \(path)")
            unlink(temporary)
            throw error
        }
        try flushDirectory(of: path)
    }

    /// The same for a file that must not be there yet, whoever makes one of the name meanwhile: nothing is overwritten.
    /// - Throws: ``IdentityError`` `unwritableFile`, also when the name is taken.
    public static func create(_ content: some Sequence<UInt8>, at path: String, mode: UInt32) throws(IdentityError) {
        let temporary = try prepare(Array(content), beside: path, mode: mode)
        // Unlike a rename, a link fails where something is.
        let isMade = link(temporary, path) == 0
        let error = failure("cannot make \(path)")
        unlink(temporary)
        guard isMade else { throw error }
        try flushDirectory(of: path)
    }

    /// A flushed file beside the target, for the target's place.
    private static func prepare(_ bytes: [UInt8], beside path: String, mode: UInt32) throws(IdentityError) -> String {
        let temporary = path + ".new.\(getpid()).\(UInt32.random(in: 0...UInt32.max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else { throw failure("cannot create \(temporary)") }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Foundation.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                let error = failure("cannot write \(temporary)")
                close(descriptor)
                unlink(temporary)
                throw error
            }
            written += count
        }
        // The umask may have narrowed the mode at creation; the caller's mode is what counts.
        let flushed = fchmod(descriptor, mode_t(mode)) == 0 && fsync(descriptor) == 0
        let flushError = failure("cannot flush \(temporary)")
        close(descriptor)
        guard flushed else {
            unlink(temporary)
            throw flushError
        }
        return temporary
    }

    /// Makes a rename or removal in the file's directory durable.
    public static func flushDirectory(of path: String) throws(IdentityError) {
        let parent = (path as NSString).deletingLastPathComponent
        let directory = open(parent.isEmpty ? "." : parent, O_RDONLY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("cannot open the directory of \(path)") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure("cannot flush the directory of \(path)") }
    }

    private static func failure(_ what: String) -> IdentityError {
        IdentityError(.unwritableFile, "\(what): \(String(cString: strerror(errno)))")
    }
}
