import Foundation
import Testing

/// The memory of another process of the same user, through `/proc/PID/mem`.
struct ProcessMemory {
    /// Anonymous memory, stacks, heap and what else a process can have written to. The unchanged text of programs and libraries is left out.
    private static func regions(_ pid: Int32) throws -> [Range<UInt64>] {
        try String(contentsOfFile: "/proc/\(pid)/maps", encoding: .utf8).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count >= 5, fields[1].first == "r" else { return nil }
            let name = fields.count > 5 ? fields[5].trimmingCharacters(in: .whitespaces) : ""
            let isFile = name.hasPrefix("/")
            guard !["[vvar]", "[vdso]", "[vsyscall]"].contains(name), !isFile || fields[1].contains("w") else { return nil }
            let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
        }
    }

    /// Resident bytes of memory that belongs to no file, as the kernel counts them.
    static func anonymous(_ pid: Int32) throws -> Int {
        let line = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        let kilobytes = line?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first
        return try #require(kilobytes, "the kernel does not tell how much memory process \(pid) has") * 1024
    }

    /// - Returns: how many bytes were searched; pages of zeros are passed over.
    @discardableResult
    static func search(_ pid: Int32, named name: String, with searcher: Searcher, into findings: inout Set<Finding>) throws -> Int {
        let descriptor = open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "the memory of \(name) cannot be read (\(String(cString: strerror(errno)))): run as the same user, with kernel.yama.ptrace_scope 0")
        defer { close(descriptor) }
        let page = 4096
        let portion = 4 << 20
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: portion)
        let zeros = UnsafeMutablePointer<UInt8>.allocate(capacity: page)
        zeros.initialize(repeating: 0, count: page)
        defer {
            buffer.deallocate()
            zeros.deallocate()
        }
        var searched = 0
        for region in try regions(pid) {
            var at = region.lowerBound
            while at < region.upperBound {
                let wanted = min(UInt64(portion), region.upperBound - at)
                let count = pread(descriptor, buffer, Int(wanted), off_t(at))
                // Gone since, or a guard page.
                guard count > 0 else { break }
                searched += searchPages(buffer, count, page, zeros, searcher, name, &findings)
                guard at + UInt64(count) < region.upperBound else { break }
                at += UInt64(max(count - searcher.overlap, page))
            }
        }
        return searched
    }

    /// Runs of pages that are not all zeros, with a margin at both ends.
    private static func searchPages(_ buffer: UnsafePointer<UInt8>, _ count: Int, _ page: Int, _ zeros: UnsafePointer<UInt8>, _ searcher: Searcher, _ name: String,
                                    _ findings: inout Set<Finding>) -> Int {
        var searched = 0
        var position = 0
        while position < count {
            if memcmp(buffer + position, zeros, min(page, count - position)) == 0 {
                position += page
                continue
            }
            var end = position + page
            while end < count, memcmp(buffer + end, zeros, min(page, count - end)) != 0 { end += page }
            let (from, to) = (max(0, position - searcher.overlap), min(count, end + searcher.overlap))
            searcher.search(UnsafeBufferPointer(start: buffer + from, count: to - from), place: "the memory of \(name)", into: &findings)
            searched += to - from
            position = end
        }
        return searched
    }
}

/// Regular files below a directory.
struct FileTree {
    static func search(_ directory: String, except: Set<String> = [], with searcher: Searcher, into findings: inout Set<Finding>) throws -> [String] {
        var searched: [String] = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: directory) where !except.contains((name as NSString).lastPathComponent) {
            let path = "\(directory)/\(name)"
            guard let data = FileManager.default.contents(atPath: path) else { continue }
            data.withUnsafeBytes { raw in searcher.search(raw.bindMemory(to: UInt8.self), place: path, into: &findings) }
            searched.append(path)
        }
        return searched
    }
}
