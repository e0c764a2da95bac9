@testable import GlobalPlatform
import TestMaterial
import Testing

@Suite struct ZIPArchiveTests {
    private func code(_ archive: SampleArchive, _ limits: ZIPArchive.Limits = .init()) -> CAPError.Code? {
        do throws(CAPError) {
            _ = try ZIPArchive(archive.bytes, limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func reads() throws {
        var archive = SampleArchive([("a/b.txt", [1, 2, 3]), ("a/", []), ("c", [])])
        archive.comment = Array("comment".utf8)
        let zip = try ZIPArchive(archive.bytes)
        #expect(zip.entries.map(\.name) == ["a/b.txt", "c"] && zip.entry("a/b.txt")?.content == [1, 2, 3] && zip.entry("b") == nil)
        #expect(try ZIPArchive(SampleArchive([SampleArchive.Entry]()).bytes).entries.isEmpty)
        let deflated = SampleArchive([.init(name: "x", content: try octets("4b4c1c05c40200"), method: 8, checksum: CRC32.checksum(Array(repeating: 0x61, count: 300)), announcedSize: 300)])
        #expect(try ZIPArchive(deflated.bytes).entry("x")?.content.count == 300)
    }

    @Test(arguments: ["../x", "a/../x", "/x", "a//x", "./x", "a/..", "a\\x", "c:x", "a\u{0}b", "", "..", "a/./b", String(repeating: "x", count: 600)])
    func refusesNamesThatLeadOut(_ name: String) {
        #expect(code(SampleArchive([(name, [])])) == .entryName)
    }

    @Test func refusesTricks() throws {
        #expect(code(SampleArchive([("a", []), ("a", [])])) == .entryName)
        #expect(code(SampleArchive([.init(name: "a", content: [1], flags: 1)])) == .unsupportedArchive)
        #expect(code(SampleArchive([.init(name: "a", content: [1], flags: 0x40)])) == .unsupportedArchive)
        #expect(code(SampleArchive([.init(name: "a", content: [1], method: 12)])) == .unsupportedArchive)
        #expect(code(SampleArchive([.init(name: "a", content: [1], disk: 1)])) == .unsupportedArchive)
        #expect(code(SampleArchive([.init(name: "a", content: [1], checksum: 7)])) == .checksum)
        #expect(code(SampleArchive([.init(name: "a", content: [1], announcedSize: 2)])) == .archive)
        #expect(code(SampleArchive([.init(name: "a", content: [1], localName: "b")])) == .archive)
        #expect(code(SampleArchive([.init(name: "a", content: [1]), .init(name: "b", content: [1], headerOffset: 0)])) == .archive)
        #expect(code(SampleArchive([.init(name: "a/", content: [1])])) == .archive)
        #expect(code(SampleArchive([.init(name: "a", content: try octets("4b4c1c05c40200"), method: 8, announcedSize: 299)])) == .compression)
        var disks = SampleArchive([("a", [])])
        disks.disks = 1
        #expect(code(disks) == .unsupportedArchive)
        #expect(code(SampleArchive([.init(name: "a", content: [], announcedSize: 0xFFFF_FFFF)]), .init(inflatedSize: .max)) == .unsupportedArchive)
    }

    @Test func refusesBombs() {
        #expect(code(SampleArchive([.init(name: "a", content: [1], method: 8, announcedSize: 100 << 20)])) == .tooLarge)
        let half = SampleArchive.Entry(name: "a", content: Array(repeating: 0, count: 60))
        var other = half
        other.name = "b"
        #expect(code(SampleArchive([half, other]), .init(inflatedSize: 119)) == .tooLarge)
        #expect(code(SampleArchive([half, other]), .init(inflatedSize: 120)) == nil)
        #expect(code(SampleArchive([half, other]), .init(entries: 1)) == .tooLarge)
        #expect(code(SampleArchive([half]), .init(archiveSize: 100)) == .tooLarge)
    }

    @Test func truncatedAndExtended() {
        let bytes = SampleArchive([("a", [1, 2, 3]), ("b", [4])]).bytes
        for length in 0..<bytes.count { #expect(throws: CAPError.self) { try ZIPArchive(Array(bytes.prefix(length))) } }
        #expect(throws: CAPError.self) { try ZIPArchive(bytes + [0]) }
        #expect(throws: CAPError.self) { try ZIPArchive([0] + bytes) }
    }
}
