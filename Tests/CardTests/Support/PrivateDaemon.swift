import Foundation
import GlobalPlatform
import SecureComponent
import Synchronization
import TestMaterial
import Testing

/// A PC/SC daemon of the tests' own with the virtual reader, in namespaces of its own.
final class PrivateDaemon: Sendable {
    /// That of the suite which is running.
    @TaskLocal static var current: PrivateDaemon?

    /// Its first slot.
    static let reader = "Virtual PCD 00 00"
    static let secondReader = "Virtual PCD 00 01"

    private let directory: Directory
    private let running: Mutex<RunningProgram>
    private var program: RunningProgram { running.withLock { $0 } }

    static func required() throws -> PrivateDaemon { try #require(current, "the suite has no PC/SC daemon") }

    static func start() async throws -> PrivateDaemon {
        let daemon = try PrivateDaemon()
        try await daemon.started()
        return daemon
    }

    private func started() async throws {
        let program = program
        let isUp = await eventually { FileManager.default.fileExists(atPath: ReaderSocket.path) || !program.isRunning }
        try #require(isUp && program.isRunning, "the PC/SC daemon did not start:\n\(program.output)\(program.errors)")
    }

    private init() throws {
        directory = try Directory(ReaderSocket.directory)
        running = Mutex(try RunningProgram(Tools.directory + "/private-pcscd", [directory.path]))
    }

    /// All that it has is in its directory and its namespaces, which go with it; SIGTERM would wait for programs that are connected.
    func stop() async {
        program.signal(SIGKILL)
        _ = await program.end(within: .seconds(10))
    }

    /// Another daemon in the place of the one that was stopped.
    func startAgain() async throws {
        for name in ["pcscd.comm", "pcscd.pid"] { try? FileManager.default.removeItem(atPath: directory.path + "/run/" + name) }
        let next = try RunningProgram(Tools.directory + "/private-pcscd", [directory.path])
        running.withLock { $0 = next }
        try await started()
    }

    /// `tsms secure-component …` on the card's side of the reader.
    func card(_ arguments: [String]) throws -> RunningProgram {
        try RunningProgram(Tools.directory + "/card-side", [String(program.pid), try Tools.tsms(), "secure-component"] + arguments)
    }

    /// A new simulated card in the reader; in it when this returns.
    func insert(_ card: CardOnDisk, _ options: String..., port: Int? = nil) async throws -> RunningProgram {
        // What a test that failed left there goes first.
        try await present(false, in: port == nil ? Self.reader : Self.secondReader)
        let program = try self.card(["attach", "--file", card.path, "--json"] + options + (port.map { ["--port", String($0)] } ?? []))
        try await program.says("attached")
        try await present(true, in: port == nil ? Self.reader : Self.secondReader)
        return program
    }

    /// Waits until the daemon has noticed.
    func present(_ wanted: Bool, in reader: String = reader) async throws {
        let service = try PCSCService(accessControl: .unrestricted)
        let noticed = try await eventually { try await service.states.contains { $0.name == reader && $0.isCardPresent == wanted } }
        try #require(noticed, "the daemon does not see that the card \(wanted ? "came" : "went")")
    }

    /// Pulls the card: the program ends as after Ctrl-C.
    func pull(_ program: RunningProgram, from reader: String = reader) async throws {
        program.signal(SIGINT)
        let code = await program.end(within: .seconds(10))
        #expect(code == 0, "\(program.output)\(program.errors)")
        try await present(false, in: reader)
    }
}

/// A simulated card in a file of its own, made by `tsms`.
final class CardOnDisk: Sendable {
    private let directory: Directory
    var path: String { directory.path + "/card.json" }
    var keys: String { path + ".keys" }
    var transcript: String { directory.path + "/dialog.jsonl" }

    init(profile: String = "eSE") async throws {
        directory = try Directory()
        try await RunningProgram.tsms("secure-component", "new", "--profile", profile, "--file", path)
    }
}

/// One daemon for all tests of a suite.
struct DaemonTrait: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        let daemon = try await PrivateDaemon.start()
        do {
            try await PrivateDaemon.$current.withValue(daemon, operation: function)
        } catch {
            await daemon.stop()
            throw error
        }
        await daemon.stop()
    }
}

extension Trait where Self == DaemonTrait {
    static var daemon: DaemonTrait { DaemonTrait() }
}
