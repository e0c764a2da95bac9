import Foundation
import TestMaterial
import Testing

/// The programs that the tests of cards in readers run: Debian's, and ours.
enum Tools {
    /// Scripts and programs in `Tests/card`.
    static let directory = ReferenceData.packageRoot.appendingPathComponent("Tests/card").path

    /// Why tests with a PC/SC daemon cannot run here; nil: they can. With TSMS_REQUIRE_READERS set they run in any case, and fail.
    static let obstacle: String? = {
        if Foundation.ProcessInfo.processInfo.environment["TSMS_REQUIRE_READERS"] != nil { return nil }
        let pipe = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: directory + "/available")
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch { return "\(directory)/available cannot be run: \(error.localizedDescription)" }
        let words = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        process.waitUntilExit()
        return process.terminationStatus == 0 ? nil : words.isEmpty ? "the tests' own PC/SC daemon cannot run here" : words
    }()

    /// `TSMS_BIN`, or where this test bundle lies, or `.build/debug`.
    static func tsms() throws -> String {
        var candidates: [String] = []
        if let named = Foundation.ProcessInfo.processInfo.environment["TSMS_BIN"] { candidates.append(named) }
        if let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") { candidates.append((own as NSString).deletingLastPathComponent) }
        candidates.append(ReferenceData.packageRoot.appendingPathComponent(".build/debug").path)
        let found = candidates.map { $0 + "/tsms" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        return try #require(found, "tsms is missing: run 'swift build' first, or name its directory in TSMS_BIN (looked in \(candidates.joined(separator: ", ")))")
    }

    /// In the directories of PATH, and those of the system's programs.
    static func find(_ name: String) throws -> String {
        let path = (Foundation.ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/bin:/usr/sbin:/bin:/sbin"
        let found = path.split(separator: ":").map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        return try #require(found, "\(name) is missing: make test-card installs it")
    }
}
