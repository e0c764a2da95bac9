import Foundation

/// What the kernel says of a process (proc(5)).
enum ProcessFigures {
    /// CPU time, user and system, of all threads, in seconds. The kernel counts in ticks of 10 ms.
    static func cpuSeconds(_ pid: Int32) throws(BenchFailure) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let close = text.lastIndex(of: ")") else {
            throw BenchFailure("process \(pid) has gone")
        }
        // After the name: state is field 3, utime 14, stime 15.
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { throw BenchFailure("/proc/\(pid)/stat cannot be read") }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    struct Memory: Sendable {
        /// Megabytes (10⁶ bytes) resident: all that is mapped in, shared or not.
        var resident: Double
        /// The same with each page divided by the number of processes that share it.
        var proportional: Double
        /// What is the process's own rather than mapped from files.
        var anonymous: Double
    }

    static func memory(_ pid: Int32) throws(BenchFailure) -> Memory {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8) else { throw BenchFailure("process \(pid) has gone") }
        func megabytes(_ name: String) -> Double? {
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") }) else { return nil }
            return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Double($0) }.map { $0 * 1024 / 1e6 }
        }
        guard let resident = megabytes("Rss"), let proportional = megabytes("Pss"), let anonymous = megabytes("Anonymous") else {
            throw BenchFailure("/proc/\(pid)/smaps_rollup cannot be read")
        }
        return Memory(resident: resident, proportional: proportional, anonymous: anonymous)
    }

    /// Most that was resident at once since the process began, in megabytes (10⁶ bytes).
    static func peakMemory(_ pid: Int32) throws(BenchFailure) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { throw BenchFailure("process \(pid) has gone") }
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
              let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({ Double($0) }) else {
            throw BenchFailure("/proc/\(pid)/status cannot be read")
        }
        return kilobytes * 1024 / 1e6
    }

    /// CPU time of this process so far, in seconds.
    static func ownCPUSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return seconds(usage)
    }

    static func seconds(_ usage: rusage) -> Double {
        Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
}

/// CPU time of the whole machine, to see who else was at work.
struct MachineTimes: Sendable {
    /// Seconds over all cores.
    let busy: Double
    let total: Double

    init() {
        let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
        // user nice system idle iowait irq softirq steal
        let fields = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let sum = fields.reduce(0, +)
        let idle = fields.count > 4 ? fields[3] + fields[4] : 0
        total = sum / ticks
        busy = (sum - idle) / ticks
    }

    /// The part of the machine, 0 to 1, that was busy since with something that is not in `ours` (CPU seconds).
    func othersShare(until later: MachineTimes, ours: Double) -> Double {
        let span = later.total - total
        return span > 0 ? max(0, later.busy - busy - ours) / span : 0
    }
}
