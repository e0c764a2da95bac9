import Foundation
import GlobalPlatform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Why a simulated card cannot be made, read or stored.
public struct SimulatorError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        case fileUnreadable = "file-unreadable"
        case fileUnwritable = "file-unwritable"
        case fileInvalid = "file-invalid"
        case profileInvalid = "profile-invalid"
        case personalisationInvalid = "personalisation-invalid"
    }

    public let code: Code
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { "simulated card: \(reason) (\(code.rawValue))" }
}

/// Where a card's image is kept: replaced as a whole, so that the file holds the old image or the new one and never a mixture.
/// It is readable by its owner alone, since it holds the card's keys.
public struct CardFile: Hashable, Sendable {
    public let path: String
    /// Flush to the medium at every change. Without it the file survives the end of the process, and not surely that of the machine.
    public let synchronizes: Bool

    public init(path: String, synchronizes: Bool = false) {
        self.path = path
        self.synchronizes = synchronizes
    }

    public var exists: Bool { access(path, F_OK) == 0 }

    /// - Throws: `fileUnreadable`, `fileInvalid`.
    func load() throws(SimulatorError) -> CardImage {
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw SimulatorError(.fileUnreadable, "\(path) cannot be read: \(error.localizedDescription)")
        }
        return try CardFileForm.image(in: [UInt8](data), from: path)
    }

    /// - Parameter cut: where power goes away; nil: it stays.
    /// - Throws: `fileUnwritable`.
    func save(_ image: CardImage, until cut: WriteCut.Point? = nil) throws(SimulatorError) {
        if cut == .before { return }
        let data = try CardFileForm.bytes(of: image)
        let temporary = path + ".new"
        // What a torn write left goes. Whatever else appears under this name, a link included, is not written to: the keys go into a file made here.
        guard unlink(temporary) == 0 || errno == ENOENT else { throw failure("replaced", temporary) }
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("created", temporary) }
        let count = if case .during(let bytes) = cut { min(max(bytes, 0), data.count - 1) } else { data.count }
        let complete = write(data[..<count], to: descriptor)
        guard close(descriptor) == 0, complete else { throw failure("written", temporary) }
        switch cut {
        case .before, .during, .complete: return
        case .after, nil: break
        }
        guard rename(temporary, path) == 0 else { throw failure("replaced", path) }
        if synchronizes { try synchronizeDirectory() }
    }

    private func write(_ data: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        data.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = systemWrite(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            return !synchronizes || fsync(descriptor) == 0
        }
    }

    /// The new name must be on the medium too.
    private func synchronizeDirectory() throws(SimulatorError) {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = open(directory, O_RDONLY)
        guard descriptor >= 0 else { throw failure("opened", directory) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("synchronised", directory) }
    }

    private func failure(_ what: String, _ path: String) -> SimulatorError {
        SimulatorError(.fileUnwritable, "\(path) cannot be \(what): \(String(cString: strerror(errno)))")
    }
}

/// write(2), whose name CardFile uses itself.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, bytes, count) }
