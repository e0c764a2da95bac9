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
        return try CardImage(json: data, from: path)
    }

    /// - Throws: `fileUnwritable`.
    func save(_ image: CardImage) throws(SimulatorError) {
        let data: Data
        do { data = try JSONEncoder().encode(image) } catch { throw SimulatorError(.fileUnwritable, "the card's image cannot be encoded: \(error)") }
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw failure("created", temporary) }
        var written = 0
        let complete = data.withUnsafeBytes { bytes in
            while written < bytes.count {
                let count = write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            return !synchronizes || fsync(descriptor) == 0
        }
        guard close(descriptor) == 0, complete else { throw failure("written", temporary) }
        guard rename(temporary, path) == 0 else { throw failure("replaced", path) }
        if synchronizes { try synchronizeDirectory() }
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

extension CardImage {
    /// - Throws: `fileInvalid` for what is no image, or one of another format.
    init(json: Data, from path: String) throws(SimulatorError) {
        do { self = try JSONDecoder().decode(CardImage.self, from: json) } catch {
            throw SimulatorError(.fileInvalid, "\(path) is not a simulated card: \(error)")
        }
        guard format == CardImage.currentFormat else { throw SimulatorError(.fileInvalid, "\(path) has format \(format), not \(CardImage.currentFormat)") }
        guard CardState(rawValue: lifeCycleState) != nil, application(issuerSecurityDomain)?.domain != nil else {
            throw SimulatorError(.fileInvalid, "\(path) holds a card without an Issuer Security Domain")
        }
        if let reason = profile.inconsistency { throw SimulatorError(.fileInvalid, "\(path): \(reason)") }
    }
}

extension CardProfile {
    /// Reads a profile from a JSON file.
    /// - Throws: `fileUnreadable`, `profileInvalid`.
    public init(contentsOf path: String) throws(SimulatorError) {
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw SimulatorError(.fileUnreadable, "\(path) cannot be read: \(error.localizedDescription)")
        }
        do { self = try JSONDecoder().decode(CardProfile.self, from: data) } catch { throw SimulatorError(.profileInvalid, "\(path) is no profile: \(error)") }
        if let reason = inconsistency { throw SimulatorError(.profileInvalid, "\(path): \(reason)") }
    }
}
