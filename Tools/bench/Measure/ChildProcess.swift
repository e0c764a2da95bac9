import Foundation
import Synchronization

/// A program that this one starts, watches and always stops; output goes to a file.
final class ChildProcess: Sendable {
    struct Finished: Sendable {
        /// As waitpid(2) gives it; 0 is success.
        let status: Int32
        /// User and system time.
        let cpuSeconds: Double
        let output: String
    }

    let pid: Int32
    let name: String
    private let log: String
    private let finished = Mutex<Finished?>(nil)

    /// - Parameter environment: added to ours.
    init(_ executable: String, _ arguments: [String], environment: [String: String] = [:], log: String) throws(BenchFailure) {
        name = (executable as NSString).lastPathComponent
        self.log = log
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        let variables = Foundation.ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let words = ([executable] + arguments).map { strdup($0) }
        let settings = variables.map { strdup("\($0)=\($1)") }
        defer { for pointer in words + settings { free(pointer) } }
        var pid: pid_t = 0
        let error = posix_spawnp(&pid, executable, &actions, nil, words + [nil], settings + [nil])
        guard error == 0 else { throw BenchFailure("\(executable) cannot be started: \(String(cString: strerror(error)))") }
        self.pid = pid
    }

    var output: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    /// Nil while it runs.
    func look() -> Finished? {
        finished.withLock { finished in
            if let finished { return finished }
            var status: Int32 = 0
            var usage = rusage()
            guard wait4(pid, &status, WNOHANG, &usage) == pid else { return nil }
            finished = Finished(status: status, cpuSeconds: ProcessFigures.seconds(usage), output: output)
            return finished
        }
    }

    /// Waits until it ends by itself with success.
    /// - Throws: ``BenchFailure`` with the end of its output; it has been stopped then.
    func end(within limit: Duration) async throws -> Finished {
        let deadline = ContinuousClock.now + limit
        while true {
            if let finished = look() {
                guard finished.status == 0 else { throw BenchFailure("\(name) failed (status \(finished.status)):\n\(finished.output.suffix(2000))") }
                return finished
            }
            guard ContinuousClock.now < deadline, !Task.isCancelled else {
                await stop()
                throw BenchFailure("\(name) did not end within \(limit):\n\(output.suffix(2000))")
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits for a line of its output that begins with `prefix`; gives the rest of that line.
    func line(beginning prefix: String, within limit: Duration = .seconds(10)) async throws -> String {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            let lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: { $0.hasPrefix(prefix) }) { return String(line.dropFirst(prefix.count)) }
            if let finished = look() { throw BenchFailure("\(name) ended while starting:\n\(finished.output.suffix(2000))") }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw BenchFailure("\(name) did not start within \(limit):\n\(output.suffix(2000))")
    }

    /// SIGTERM, and SIGKILL for what does not end.
    func stop() async {
        for (signal, patience) in [(SIGTERM, 5.0), (SIGKILL, 5.0)] {
            guard look() == nil else { return }
            kill(pid, signal)
            let deadline = Date(timeIntervalSinceNow: patience)
            while look() == nil, Date() < deadline { try? await Task.sleep(for: .milliseconds(10)) }
        }
    }
}
