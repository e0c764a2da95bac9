import Foundation
import HTTP2
import HTTPTypes
import Identity
import Logging
import ServiceKit

/// Starts services one after the other and knows which are up, so that they can be stopped in reverse.
actor Launcher {
    private let binaries: String
    private let logLevel: String
    /// Given to one service from its start to "ready".
    private let patience: Duration
    private(set) var started: [StartedService] = []
    private var pending: (definition: ServiceDefinition, pid: Int32)?

    init(binaries: String, logLevel: String, patience: Duration = .seconds(20)) {
        self.binaries = binaries
        self.logLevel = logLevel
        self.patience = patience
    }

    /// Writes the configuration, starts the service and waits until it is ready.
    /// - Throws: ``ToolFailure`` with the end of its log.
    func start(_ definition: ServiceDefinition) async throws -> StartedService {
        let program = try Programs.find(definition.executable, in: binaries)
        try AtomicFile.write(definition.configuration.document.utf8, to: definition.configurationFile, mode: AtomicFile.secretMode)
        try? FileManager.default.removeItem(atPath: definition.readyFile)
        let arguments = definition.subcommand
            + ["--config", definition.configurationFile, "--testbed", "--ready-file", definition.readyFile, "--log-level", logLevel]
        let pid = try SpawnedProcess.start(program, arguments, log: definition.log)
        pending = (definition, pid)
        let deadline = ContinuousClock.now + patience
        let endpoints = try await endpoints(definition, pid, deadline)
        try AtomicFile.write(definition.configuration.pinned(to: endpoints.listeners).document.utf8, to: definition.configurationFile, mode: AtomicFile.secretMode)
        let service = StartedService(definition: definition, pid: pid, listeners: endpoints.listeners, command: [program] + arguments)
        try await waitUntilReady(service, deadline)
        started.append(service)
        pending = nil
        return service
    }

    /// In reverse order; also what was being started.
    @discardableResult
    func stopAll() async -> [(name: String, end: ProcessControl.End)] {
        var ends: [(name: String, end: ProcessControl.End)] = []
        if let pending {
            ends.append((pending.definition.name, await ProcessControl.stop(child: pending.pid)))
        }
        pending = nil
        while let service = started.popLast() {
            ends.append((service.definition.name, await ProcessControl.stop(child: service.pid)))
        }
        return ends
    }

    /// The first service that has ended by itself.
    func fallen() -> StartedService? { started.first { !ProcessControl.isRunning($0.pid) } }

    private func endpoints(_ definition: ServiceDefinition, _ pid: Int32, _ deadline: ContinuousClock.Instant) async throws -> EndpointsFile {
        var pause = BackOff()
        while true {
            if let file = try? EndpointsFile.read(from: definition.readyFile), file.pid == pid { return file }
            guard ProcessControl.isRunning(pid) else { throw ToolFailure("\(definition.name) ended while starting.\n\(Self.tail(definition.log))") }
            guard ContinuousClock.now < deadline else { throw ToolFailure("\(definition.name) did not say within \(patience) where it listens.\n\(Self.tail(definition.log))") }
            guard await pause.wait() else { throw CancellationError() }
        }
    }

    private func waitUntilReady(_ service: StartedService, _ deadline: ContinuousClock.Instant) async throws {
        let probe = try HealthProbe(files: service.definition.operatorFiles, url: try service.description().health, identity: service.definition.identity)
        var pause = BackOff()
        var reason = "it does not answer"
        while true {
            switch await probe.look() {
            case .ready:
                return await probe.close()
            case .notReady(let why): reason = why
            }
            let isRunning = ProcessControl.isRunning(service.pid)
            if !isRunning || ContinuousClock.now >= deadline {
                await probe.close()
                throw ToolFailure("\(service.definition.name) \(isRunning ? "is not ready after \(patience): \(reason)" : "ended while starting").\n\(Self.tail(service.definition.log))")
            }
            guard await pause.wait() else {
                await probe.close()
                throw CancellationError()
            }
        }
    }

    /// The last lines of a log.
    static func tail(_ path: String, lines: Int = 15) -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), !text.isEmpty else { return "  (its log \(path) is empty)" }
        return "The end of \(path):\n" + text.split(separator: "\n").suffix(lines).map { "  " + $0 }.joined(separator: "\n")
    }
}
