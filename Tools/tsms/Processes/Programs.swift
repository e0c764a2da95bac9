import Foundation

/// Where the suite's programs and its applets are, as seen from this program.
enum Programs {
    /// The directory that this program lies in.
    static func ownDirectory() throws(ToolFailure) -> String {
        let link = "/proc/self/exe"
        if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: link) { return (path as NSString).deletingLastPathComponent }
        guard let first = CommandLine.arguments.first, first.contains("/") else {
            throw ToolFailure("it cannot be found out where this program lies; name the services' directory with --bin")
        }
        return (URL(fileURLWithPath: first).standardizedFileURL.path as NSString).deletingLastPathComponent
    }

    /// - Throws: ``ToolFailure`` naming what is missing.
    static func find(_ name: String, in directory: String) throws(ToolFailure) -> String {
        let path = "\(directory)/\(name)"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ToolFailure("\(path) is missing: build all products (make build), or name their directory with --bin")
        }
        return path
    }

    /// The applets of the testbed: `given`, or `deploy/testbed/applets` in a directory above this program.
    static func applets(_ given: String?) throws(ToolFailure) -> String {
        if let given { return given }
        var directory = try ownDirectory()
        while directory != "/" && !directory.isEmpty {
            let candidate = "\(directory)/deploy/testbed/applets"
            if FileManager.default.fileExists(atPath: candidate) { return candidate }
            directory = (directory as NSString).deletingLastPathComponent
        }
        throw ToolFailure("deploy/testbed/applets is in no directory above this program; name it with --applets")
    }

    static func read(_ path: String) throws(ToolFailure) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else { throw ToolFailure("\(path) cannot be read") }
        return Array(data)
    }
}
