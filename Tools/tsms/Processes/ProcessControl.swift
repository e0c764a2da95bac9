import Foundation

/// Looks at processes and ends them, by ID only.
enum ProcessControl {
    /// A process that has ended but that nobody has waited for counts as ended.
    static func isRunning(_ pid: Int32) -> Bool {
        var status: Int32 = 0
        // Ours if it is our child: it must not stay as a zombie.
        _ = waitpid(pid, &status, WNOHANG)
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return kill(pid, 0) == 0 && !FileManager.default.fileExists(atPath: "/proc/self") }
        // The state follows the name, which may itself contain parentheses.
        guard let close = text.lastIndex(of: ")") else { return false }
        let state = text[text.index(after: close)...].first { $0 != " " }
        return state != "Z" && state != "X"
    }

    /// Whether a process was started with a word on its command line: guards against a process ID that somebody else has got since.
    static func isRunning(_ pid: Int32, withArgument word: String) -> Bool {
        guard isRunning(pid) else { return false }
        guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
        return line.split(separator: 0).contains { String(decoding: $0, as: UTF8.self) == word }
    }

    enum End: String, Sendable, Encodable {
        case stopped, killed, wasGone
    }

    /// A process of anybody's.
    static func stop(_ pid: Int32, withArgument word: String) async -> End {
        isRunning(pid, withArgument: word) ? await stop(pid) : .wasGone
    }

    /// A child of this process: its ID stays its own until it is waited for.
    static func stop(child pid: Int32) async -> End {
        var status: Int32 = 0
        return waitpid(pid, &status, WNOHANG) == 0 ? await stop(pid) : .wasGone
    }

    /// SIGTERM, and SIGKILL for what does not end within the time that a service may take to drain.
    private static func stop(_ pid: Int32, patience: Duration = .seconds(45)) async -> End {
        kill(pid, SIGTERM)
        if await ends(pid, within: patience) { return .stopped }
        kill(pid, SIGKILL)
        _ = await ends(pid, within: .seconds(5))
        return .killed
    }

    private static func ends(_ pid: Int32, within patience: Duration) async -> Bool {
        let deadline = ContinuousClock.now + patience
        var pause = BackOff()
        while isRunning(pid) {
            guard ContinuousClock.now < deadline else { return false }
            guard await pause.wait() else { return !isRunning(pid) }
        }
        return true
    }
}

/// Pauses between two looks: short at first, never long.
struct BackOff: Sendable {
    private var next = Duration.milliseconds(5)

    /// - Returns: false when the task was cancelled.
    mutating func wait() async -> Bool {
        do { try await Task.sleep(for: next) } catch { return false }
        next = min(next * 3 / 2, .milliseconds(150))
        return true
    }
}
