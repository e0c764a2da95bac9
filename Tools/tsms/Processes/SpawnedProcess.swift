import Foundation

/// Starts programs that outlive this one if need be: in a session of their own, input from nowhere, output to a log file.
enum SpawnedProcess {
    /// POSIX_SPAWN_SETSID of glibc and musl, which their headers show to GNU sources only.
    private static let setSession: Int16 = 0x80

    /// What the programs of the suite run best with, as in `deploy/systemd`: requests come in batches, so that more freed blocks of one
    /// size are worth keeping at hand than glibc's seven (docs/performance.md).
    static let allocation = ["GLIBC_TUNABLES": "glibc.malloc.tcache_count=1000"]

    /// - Returns: the process ID.
    /// - Throws: ``ToolFailure``.
    static func start(_ executable: String, _ arguments: [String], log: String) throws(ToolFailure) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        keepOpenFilesToOurselves()

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A session of its own: a Ctrl-C at the terminal is for us, and we stop our children in order.
        posix_spawnattr_setflags(&attributes, setSession | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGINT)
        sigaddset(&defaults, SIGTERM)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)

        let words = ([executable] + arguments).map { strdup($0) }
        let environment = allocation.merging(Foundation.ProcessInfo.processInfo.environment) { $1 }.map { strdup("\($0)=\($1)") }
        defer { for pointer in words + environment { free(pointer) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, executable, &actions, &attributes, words + [nil], environment + [nil])
        guard error == 0 else { throw ToolFailure("\(executable) cannot be started: \(String(cString: strerror(error)))") }
        return pid
    }

    /// Nothing that this process has open, beyond the three standard ones, is a child's business.
    private static func keepOpenFilesToOurselves() {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else { return }
        for descriptor in names.compactMap({ Int32($0) }) where descriptor > STDERR_FILENO {
            let flags = fcntl(descriptor, F_GETFD)
            if flags >= 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
        }
    }
}
