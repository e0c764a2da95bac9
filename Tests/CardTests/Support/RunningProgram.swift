import Foundation
import Synchronization
import TestMaterial
import Testing

/// A program that was started, with its output in files: nobody has to read while it runs.
final class RunningProgram: Sendable {
    private let process: Mutex<Process>
    private let ends: AsyncStream<Int32>
    private let files: Directory
    let pid: Int32

    /// The PC/SC daemon that it finds is the tests' own.
    init(_ program: String, _ arguments: [String]) throws {
        files = try Directory()
        for path in [files.path + "/output", files.path + "/errors"] { try Data().write(to: URL(fileURLWithPath: path)) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = Foundation.ProcessInfo.processInfo.environment.merging([ReaderSocket.variable: ReaderSocket.path]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: files.path + "/output"))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: files.path + "/errors"))
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { end.yield($0.terminationStatus); end.finish() }
        try process.run()
        pid = process.processIdentifier
        self.ends = ends
        self.process = Mutex(process)
    }

    deinit { if process.withLock({ $0.isRunning }) { Foundation.kill(pid, SIGKILL) } }

    var output: String { (try? String(contentsOfFile: files.path + "/output", encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOfFile: files.path + "/errors", encoding: .utf8)) ?? "" }
    var isRunning: Bool { process.withLock { $0.isRunning } }

    func signal(_ number: Int32) { Foundation.kill(pid, number) }

    /// Waits for its end.
    /// - Parameter deadline: after which it is killed, which shows in the exit code (9).
    func end(within deadline: Duration = .seconds(60)) async -> Int32 {
        let pid = pid
        let watch = Task {
            try await Task.sleep(for: deadline)
            Foundation.kill(pid, SIGKILL)
        }
        var code: Int32 = -1
        for await end in ends { code = end }
        watch.cancel()
        return code
    }

    /// Waits until its output holds these words.
    func says(_ words: String, within limit: Duration = .seconds(30)) async throws {
        let said = await eventually(within: limit) { self.output.contains(words) || !self.isRunning }
        try #require(said && output.contains(words), "it did not say '\(words)':\n\(output)\(errors)")
    }

    /// Runs to the end.
    /// - Throws: unless its exit code is `code`.
    @discardableResult
    static func run(_ program: String, _ arguments: [String], expecting code: Int32 = 0, within deadline: Duration = .seconds(60)) async throws -> String {
        let run = try RunningProgram(program, arguments)
        let end = await run.end(within: deadline)
        try #require(end == code, "\((program as NSString).lastPathComponent) \(arguments.joined(separator: " ")) ended with \(end):\n\(run.output)\(run.errors)")
        return run.output + run.errors
    }

    @discardableResult
    static func tsms(_ arguments: String..., expecting code: Int32 = 0, within deadline: Duration = .seconds(120)) async throws -> String {
        try await run(try Tools.tsms(), arguments, expecting: code, within: deadline)
    }
}

/// Looks again and again.
/// - Returns: false when the time is over.
func eventually(within limit: Duration = .seconds(30), _ condition: @Sendable () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}

/// A directory for its owner only, removed with the object.
final class Directory: Sendable {
    let path: String

    init(_ path: String? = nil) throws {
        self.path = path ?? FileManager.default.temporaryDirectory.appendingPathComponent("tsms-card-\(UUID().uuidString.lowercased())").path
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
