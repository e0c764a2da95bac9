import Foundation
import Testing

@testable import ServiceKit

@Suite("pages that only the start needed")
struct ResidentMemoryTests {
    /// One mapping in the words of proc(5).
    private func mapping(_ head: String, anonymous: Int) -> String {
        "\(head)\nSize:                  8 kB\nRss:                   8 kB\nAnonymous:            \(anonymous) kB\nVmFlags: rd ex mr mw me\n"
    }

    @Test("text and constants of files, and nothing that could differ from its file")
    func onlyUnchangedFilePages() {
        let smaps =
            mapping("1000-3000 r-xp 00000000 08:01 17 /usr/bin/program", anonymous: 0)
            + mapping("3000-4000 r--p 00002000 08:01 17 /usr/bin/program", anonymous: 0)
            + mapping("4000-5000 r--p 00003000 08:01 17 /usr/bin/program", anonymous: 4)
            + mapping("5000-6000 rw-p 00004000 08:01 17 /usr/bin/program", anonymous: 0)
            + mapping("6000-7000 r--s 00000000 08:01 18 /var/lib/store.sqlite-shm", anonymous: 0)
            + mapping("7000-8000 rw-p 00000000 00:00 0 [heap]", anonymous: 4)
            + mapping("8000-9000 r-xp 00000000 00:00 0 [vdso]", anonymous: 0)
            + mapping("9000-a000 r--p 00000000 00:00 0", anonymous: 0)
        #expect(ResidentMemory.unchangedFileRanges(smaps: smaps) == [0x1000..<0x3000, 0x3000..<0x4000])
    }

    @Test("what is no list of mappings gives nothing")
    func garbage() {
        #expect(ResidentMemory.unchangedFileRanges(smaps: "") == [])
        #expect(ResidentMemory.unchangedFileRanges(smaps: "x-y r-xp 0 0 1 /a\nAnonymous: 0 kB\n\nAnonymous:") == [])
        #expect(ResidentMemory.unchangedFileRanges(smaps: "3000-1000 r-xp 0 0 1 /a\nAnonymous: 0 kB") == [])
    }

    #if os(Linux)
    @Test("this process goes on as before, with less of its files in memory")
    func goesOn() throws {
        func fileBacked() throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
            return try #require(Int(line.split(whereSeparator: { !$0.isNumber }).joined()))
        }
        let before = try fileBacked()
        ResidentMemory.giveBackStartPages()
        #expect(try fileBacked() < before)
        // Code and constants that were in use are there as ever.
        #expect(try WireJSON.decode([String: Int].self, from: Array(#"{"a":1}"#.utf8)) == ["a": 1])
    }
    #endif
}
