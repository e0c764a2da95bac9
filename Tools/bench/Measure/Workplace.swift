import Foundation

/// A directory of its own for one run, on a disk, and where the suite's programs are.
struct Workplace: Sendable {
    let directory: String
    /// Directory of the suite's release programs.
    let programs: String

    /// - Parameter parent: nil: the system's directory for temporary files.
    static func with<Value>(parent: String?, programs: String?, _ work: (Workplace) async throws -> Value) async throws -> Value {
        let base = parent ?? FileManager.default.temporaryDirectory.path
        let directory = "\(base)/tsms-bench-\(UUID().uuidString.lowercased())"
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BenchFailure("\(directory) cannot be made: \(error.localizedDescription)")
        }
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try await work(Workplace(directory: directory, programs: try programs ?? ownDirectory()))
    }

    private static func ownDirectory() throws(BenchFailure) -> String {
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            throw BenchFailure("it cannot be found out where this program lies; name the programs' directory with --bin")
        }
        return (path as NSString).deletingLastPathComponent
    }

    func program(_ name: String) throws(BenchFailure) -> String {
        let path = "\(programs)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else { throw BenchFailure("\(path) is missing: build all products for release, or name their directory with --bin") }
        return path
    }

    /// A program of the system.
    static func tool(_ name: String, package: String) throws(BenchFailure) -> String {
        for directory in ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin"] where FileManager.default.isExecutableFile(atPath: "\(directory)/\(name)") {
            return "\(directory)/\(name)"
        }
        throw BenchFailure("\(name) is not installed (Debian package \(package))")
    }

    /// The file system that the stores are on, as mounts(5) names it: figures on a memory file system are no figures of durable stores.
    var fileSystem: String {
        let mounts: String = (try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? ""
        var found = (point: "", type: "unknown")
        for line in mounts.split(separator: "\n") {
            let fields: [String] = line.split(separator: " ").map { String($0) }
            guard fields.count > 2 else { continue }
            let point = fields[1] == "/" ? "" : fields[1]
            // The longest mount point that the directory lies under.
            if directory.hasPrefix(point + "/"), point.count >= found.point.count { found = (point, fields[2]) }
        }
        return found.type
    }
}
