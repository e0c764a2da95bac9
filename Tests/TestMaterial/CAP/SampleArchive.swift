/// Writes ZIP archives, right ones and wrong ones (PKWARE APPNOTE 6.3.10); shares nothing with the reader that it tests.
public struct SampleArchive: Sendable {
    public enum Compression: Sendable { case stored, deflated }

    public struct Entry: Sendable {
        public var name: String
        /// As it lies in the archive: compressed, where `method` says so.
        public var content: [UInt8]
        public var flags = 0
        public var method = 0
        /// nil: the right one of `content`.
        public var checksum: UInt32?
        /// nil: that of `content`.
        public var announcedSize: Int?
        public var localName: String?
        public var headerOffset: Int?
        public var disk = 0

        public init(name: String, content: [UInt8], flags: Int = 0, method: Int = 0, checksum: UInt32? = nil, announcedSize: Int? = nil, localName: String? = nil,
                    headerOffset: Int? = nil, disk: Int = 0) {
            self.name = name
            self.content = content
            self.flags = flags
            self.method = method
            self.checksum = checksum
            self.announcedSize = announcedSize
            self.localName = localName
            self.headerOffset = headerOffset
            self.disk = disk
        }

        /// As tools write it.
        public init(name: String, content: [UInt8], _ compression: Compression) {
            switch compression {
            case .stored: self.init(name: name, content: content)
            case .deflated:
                self.init(name: name, content: SampleDeflate.compress(content), method: 8, checksum: SampleArchive.checksum(content), announcedSize: content.count)
            }
        }
    }

    public var entries: [Entry]
    public var disks = 0
    public var comment: [UInt8] = []

    public init(_ entries: [Entry]) {
        self.entries = entries
    }

    public init(_ files: [(String, [UInt8])]) {
        self.init(files.map { Entry(name: $0.0, content: $0.1) })
    }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = entry.headerOffset ?? bytes.count
            let checksum = Int(entry.checksum ?? Self.checksum(entry.content))
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

    /// CRC-32 (ISO 3309).
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var value = UInt32.max
        for byte in bytes { value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8) }
        return ~value
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }
}
