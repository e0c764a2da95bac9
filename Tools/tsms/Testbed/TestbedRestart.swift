import ArgumentParser
import Foundation
import Identity

extension TestbedCommand {
    struct Restart: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Starts a process of a testbed again, with the same configuration, ports and store; stops it first if it runs.",
            discussion: "Returns when it is ready. JSON lines: {\"name\":…,\"pid\":…,\"running\":…,\"ready\":…,\"reason\":…}. " + ExitStatus.discussion)

        @OptionGroup var directory: Directory
        @OptionGroup var output: OutputOptions
        @Argument(help: ArgumentHelp("A process of testbed.json.", valueName: "name")) var name: String

        func run() async throws {
            let (directory, name) = (directory.dir, name)
            try await output.perform { console in
                let state = try await TestbedControl.restart(name, in: directory)
                console.object(state)
                console.text("\(state.name) is ready (process \(state.pid))")
                return .done
            }
        }
    }
}

extension TestbedControl {
    /// - Throws: ``ToolFailure`` with the end of the service's log when it does not become ready; testbed.json names the new process in any case.
    static func restart(_ name: String, in directory: String, patience: Duration = .seconds(20)) async throws -> State {
        var description = try TestbedDescription.read(directory: directory)
        guard let index = description.processes.firstIndex(where: { $0.name == name }) else {
            throw ToolFailure("the testbed has no process \(name), only \(description.processes.map(\.name).joined(separator: ", "))")
        }
        var process = description.processes[index]
        guard let program = process.command.first else { throw ToolFailure("testbed.json does not say how \(name) is started") }
        _ = await stop(process)
        process.pid = try SpawnedProcess.start(program, Array(process.command.dropFirst()), log: process.log)
        description.processes[index] = process
        try description.write()

        let deadline = ContinuousClock.now + patience
        var pause = BackOff()
        while true {
            let state = await state(of: process, in: description)
            if state.ready { return state }
            guard state.running else { throw ToolFailure("\(name) ended while starting.\n\(Launcher.tail(process.log))") }
            guard ContinuousClock.now < deadline else { throw ToolFailure("\(name) is not ready after \(patience): \(state.reason ?? "")\n\(Launcher.tail(process.log))") }
            guard await pause.wait() else { throw CancellationError() }
        }
    }
}
