import Foundation

/// A testbed made by `tsms testbed up`: the real programs, processes of their own, stores on disk.
struct RunningTestbed: Sendable {
    let directory: String
    let file: TestbedFile

    /// Brings one up, works with it, takes it down whatever comes of it.
    /// - Parameters:
    ///   - name: of its directory in the workplace.
    ///   - options: further ones of `tsms testbed up`.
    static func with<Value: Sendable>(_ workplace: Workplace, _ name: String, options: [String] = [], _ work: (RunningTestbed) async throws -> Value) async throws -> Value {
        let directory = "\(workplace.directory)/\(name)"
        let program = try workplace.program("tsms")
        let up = try ChildProcess(program, ["testbed", "up", "--dir", directory, "--detach", "--bin", workplace.programs, "--log-level", "warning"] + options, log: "\(workplace.directory)/\(name)-up.log")
        _ = try await up.end(within: .seconds(90))
        do {
            let value = try await work(RunningTestbed(directory: directory, file: try TestbedFile.read(directory: directory)))
            try await down(workplace, program, directory, name)
            return value
        } catch {
            let first = error
            await Interruption.shielded {
                do { try await down(workplace, program, directory, name) } catch { Terminal.note("\(error)") }
            }
            throw first
        }
    }

    private static func down(_ workplace: Workplace, _ program: String, _ directory: String, _ name: String) async throws {
        let down = try ChildProcess(program, ["testbed", "down", "--dir", directory], log: "\(workplace.directory)/\(name)-down.log")
        _ = try await down.end(within: .seconds(60))
    }

    /// The same testbed with one of its processes started again.
    /// - Parameter settings: YAML that is added to its configuration.
    func restarting(_ name: String, adding settings: String, _ workplace: Workplace) async throws -> RunningTestbed {
        let configuration = try file.process(name).configuration
        guard let handle = FileHandle(forWritingAtPath: configuration) else { throw BenchFailure("\(configuration) cannot be written") }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("\n\(settings)\n".utf8))
        try handle.close()
        let restart = try ChildProcess(try workplace.program("tsms"), ["testbed", "restart", "--dir", directory, name], log: "\(workplace.directory)/\(name)-restart.log")
        _ = try await restart.end(within: .seconds(60))
        return RunningTestbed(directory: directory, file: try TestbedFile.read(directory: directory))
    }

    /// CPU time of each service so far, in seconds, in the order of the file.
    func cpuSeconds() throws -> [Double] { try file.processes.map { try ProcessFigures.cpuSeconds($0.pid) } }

    /// What a service noted in its log that may explain a failure.
    func complaints() -> String {
        file.processes.map { process in
            let log = (process.configuration as NSString).deletingLastPathComponent + "/service.log"
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            let lines = text.split(separator: "\n").suffix(3)
            return lines.isEmpty ? "" : "\(process.name):\n" + lines.joined(separator: "\n") + "\n"
        }.joined()
    }
}
