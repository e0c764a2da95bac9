import Foundation
import Testing

/// A program that was run to its end.
struct ProgramRun: Sendable {
    var exitCode: Int32
    var output: String
    var errors: String

    /// The lines of its output.
    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// - Parameter deadline: after which it is killed, which shows in its exit code (9).
    static func run(_ program: String, _ arguments: [String], deadline: Duration = .seconds(60)) async throws -> ProgramRun {
        let directory = try TemporaryDirectory()
        // Files and not pipes: nobody has to read while it runs, and what it leaves running holds nothing open that we wait for.
        let (output, errors) = (directory.path + "/output", directory.path + "/errors")
        for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { end.yield($0.terminationStatus); end.finish() }
        try process.run()
        let pid = process.processIdentifier
        let watch = Task {
            try await Task.sleep(for: deadline)
            kill(pid, SIGKILL)
        }
        var exitCode: Int32 = -1
        for await code in ends { exitCode = code }
        watch.cancel()
        return ProgramRun(exitCode: exitCode, output: try String(contentsOfFile: output, encoding: .utf8), errors: try String(contentsOfFile: errors, encoding: .utf8))
    }

    /// `tsms` with these arguments; anything but exit code 0 is a failure.
    static func tsms(_ arguments: [String], deadline: Duration = .seconds(60)) async throws -> ProgramRun {
        let run = try await run(try Executables.directory() + "/tsms", arguments, deadline: deadline)
        try #require(run.exitCode == 0, "tsms \(arguments.joined(separator: " ")) ended with \(run.exitCode):\n\(run.errors)\(run.lines.last ?? "")")
        return run
    }
}

/// A directory for its owner only, removed with the object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-test-\(UUID().uuidString.lowercased())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
