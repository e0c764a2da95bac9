import Foundation
import Testing

/// Where the suite's programs lie. They are built by `swift build`, not by building the tests.
enum Executables {
    static let names = ["tsms", "key-vault", "sei-tsm", "sp-tsm", "gateway"]

    /// `TSMS_BIN`, the directory of the running test bundle, or `.build/debug` above this file: the first that holds all of them.
    static func directory(sourceFile: String = #filePath) throws -> String {
        let candidates = candidates(sourceFile)
        let found = candidates.first { directory in names.allSatisfy { FileManager.default.isExecutableFile(atPath: "\(directory)/\($0)") } }
        return try #require(found, "the programs \(names.joined(separator: ", ")) are missing: run 'swift build' first, or name their directory in TSMS_BIN (looked in \(candidates.joined(separator: ", ")))")
    }

    /// A program that is none of the suite's own, wherever it lies first.
    static func path(of name: String, sourceFile: String = #filePath) throws -> String {
        let found = (candidates(sourceFile) + above(sourceFile).map { $0 + "/.build/debug" }).map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        return try #require(found, "\(name) is missing: run 'swift build' first")
    }

    private static func candidates(_ sourceFile: String) -> [String] {
        var candidates = [String]()
        if let named = Foundation.ProcessInfo.processInfo.environment["TSMS_BIN"] {
            candidates.append(named)
        } else {
            if let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") { candidates.append((own as NSString).deletingLastPathComponent) }
            candidates += above(sourceFile).map { $0 + "/.build/debug" }
        }
        return candidates
    }

    private static func above(_ file: String) -> [String] {
        var directories: [String] = []
        var directory = (file as NSString).deletingLastPathComponent
        while directory != "/" && !directory.isEmpty {
            directories.append(directory)
            directory = (directory as NSString).deletingLastPathComponent
        }
        return directories
    }
}
