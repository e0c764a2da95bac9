import Foundation
import Synchronization
import Testing

/// A testbed of real processes, started and stopped by `tsms`.
final class RunningTestbed: Sendable {
    /// That of the suite which is running.
    @TaskLocal static var current: RunningTestbed?

    private struct Revealed: Decodable {
        struct Key: Decodable { var name, value: String }
        var keys: [Key]
    }

    let directory: String
    private let own: TemporaryDirectory
    private let described: Mutex<TestbedFile>
    /// Hexadecimal, by name: the transport key and the issuer's master key.
    let revealedKeys: [String: String]

    /// As testbed.json stood when it was read last.
    var file: TestbedFile { described.withLock { $0 } }

    static func required() throws -> RunningTestbed { try #require(current, "the suite has no testbed") }

    /// `tsms testbed up --detach` in a directory of its own.
    static func up(_ options: [String]) async throws -> RunningTestbed {
        let own = try TemporaryDirectory()
        let (directory, revealed) = (own.path + "/testbed", own.path + "/revealed-keys.json")
        _ = try await ProgramRun.tsms(["testbed", "up", "--dir", directory, "--detach", "--json", "--with-demo-service", "--reveal-keys", revealed] + options)
        let keys = try JSONDecoder().decode(Revealed.self, from: Data(contentsOf: URL(fileURLWithPath: revealed))).keys
        return RunningTestbed(directory, own, try read(directory), Dictionary(uniqueKeysWithValues: keys.map { ($0.name, $0.value) }))
    }

    private init(_ directory: String, _ own: TemporaryDirectory, _ file: TestbedFile, _ revealedKeys: [String: String]) {
        self.directory = directory
        self.own = own
        described = Mutex(file)
        self.revealedKeys = revealedKeys
    }

    private static func read(_ directory: String) throws -> TestbedFile {
        try JSONDecoder().decode(TestbedFile.self, from: Data(contentsOf: URL(fileURLWithPath: directory + "/testbed.json")))
    }

    /// Every process has to end by itself when it is asked to.
    func down() async throws {
        struct Ended: Decodable { var name, end: String }
        let run = try await ProgramRun.tsms(["testbed", "down", "--dir", directory, "--json"], deadline: .seconds(120))
        let ends = try run.lines.map { try JSONDecoder().decode(Ended.self, from: Data($0.utf8)) }
        for ended in ends { #expect(ended.end == "stopped", "\(ended.name) did not end when it was asked to: \(ended.end)") }
    }

    /// Whatever state it is in.
    func abandon() async {
        _ = try? await ProgramRun.run(try Executables.directory() + "/tsms", ["testbed", "down", "--dir", directory, "--json"], deadline: .seconds(120))
    }

    func process(_ name: String) throws -> TestbedFile.Process {
        try #require(file.processes.first { $0.name == name }, "the testbed has no process \(name)")
    }

    /// SIGKILL, and the certainty that it is gone.
    func kill(_ name: String) async throws {
        let process = try process(name)
        try #require(Glibc.kill(process.pid, SIGKILL) == 0, "\(name) cannot be killed: \(String(cString: strerror(errno)))")
        let gone = try await wait(upTo: .seconds(10)) { ProcessTable.isRunning(process.pid) ? nil : true }
        try #require(gone == true, "\(name) survives SIGKILL")
    }

    /// The same configuration, ports and store; returns when it is ready.
    func restart(_ name: String) async throws {
        _ = try await ProgramRun.tsms(["testbed", "restart", "--dir", directory, name, "--json"])
        let file = try Self.read(directory)
        described.withLock { $0 = file }
    }

    /// The directory that a process's configuration lies in.
    func directory(of process: TestbedFile.Process) -> String { (process.configuration as NSString).deletingLastPathComponent }

    /// Ports of a process by its listeners' names.
    func listeners(of process: TestbedFile.Process) throws -> [String: Int] {
        struct Endpoints: Decodable { var listeners: [String: Int] }
        return try JSONDecoder().decode(Endpoints.self, from: Data(contentsOf: URL(fileURLWithPath: directory(of: process) + "/endpoints.json"))).listeners
    }

    func log(_ name: String) throws -> String { try String(contentsOfFile: try process(name).log, encoding: .utf8) }

    /// The service of the first service provider.
    func service() throws -> String { try #require(file.demoService, "the testbed has no demo service").id }
}

/// Brings up one testbed for all tests of a suite and takes it down after the last.
struct TestbedTrait: SuiteTrait, TestScoping {
    let options: [String]

    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        let testbed = try await RunningTestbed.up(options)
        do {
            try await RunningTestbed.$current.withValue(testbed, operation: function)
        } catch {
            await testbed.abandon()
            throw error
        }
        try await testbed.down()
    }
}

extension Trait where Self == TestbedTrait {
    /// - Parameter options: of `tsms testbed up`.
    static func testbed(_ options: String...) -> TestbedTrait { TestbedTrait(options: options) }
}
