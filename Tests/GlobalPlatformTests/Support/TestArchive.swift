@testable import GlobalPlatform

/// Writes ZIP archives, right ones and wrong ones.
struct TestArchive {
    struct Entry {
        var name: String
        var content: [UInt8]
        var flags = 0
        var method = 0
        var checksum: UInt32?
        var announcedSize: Int?
        var localName: String?
        var headerOffset: Int?
        var disk = 0
    }

    var entries: [Entry]
    var disks = 0
    var comment: [UInt8] = []

    init(_ entries: [Entry]) {
        self.entries = entries
    }

    init(_ files: [(String, [UInt8])]) {
        self.init(files.map { Entry(name: $0.0, content: $0.1) })
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = entry.headerOffset ?? bytes.count
            let checksum = Int(entry.checksum ?? CRC32.checksum(entry.content))
            let size = entry.announcedSize ?? entry.content.count
            let common = Self.u2(entry.flags) + Self.u2(entry.method) + Self.u4(0) + Self.u4(checksum) + Self.u4(entry.content.count) + Self.u4(size)
            let local = Array((entry.localName ?? entry.name).utf8)
            bytes += [0x50, 0x4B, 3, 4] + Self.u2(20) + common + Self.u2(local.count) + Self.u2(0) + local + entry.content
            let name = Array(entry.name.utf8)
            directory += [0x50, 0x4B, 1, 2] + Self.u2(20) + Self.u2(20) + common + Self.u2(name.count) + Self.u2(0) + Self.u2(0) + Self.u2(entry.disk) + Self.u2(0)
                + Self.u4(0) + Self.u4(offset) + name
        }
        let end = [0x50, 0x4B, 5, 6] + Self.u2(disks) + Self.u2(disks) + Self.u2(entries.count) + Self.u2(entries.count) + Self.u4(directory.count) + Self.u4(bytes.count)
            + Self.u2(comment.count) + comment
        return bytes + directory + end
    }

    private static func u2(_ value: Int) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8 & 0xFF)] }
    private static func u4(_ value: Int) -> [UInt8] { u2(value & 0xFFFF) + u2(value >> 16 & 0xFFFF) }
}
