/// The entries of a ZIP archive, read whole and checked: stored and deflated ones, no encryption, one disk, bounded in number and size.
public struct ZIPArchive: Sendable {
    public struct Limits: Hashable, Sendable {
        public var archiveSize: Int
        public var entries: Int
        /// All entries together.
        public var inflatedSize: Int

        /// By default 4 MiB, 2 048 entries, 16 MiB: far above what a card can hold, far below what a server would notice.
        public init(archiveSize: Int = 4 << 20, entries: Int = 2048, inflatedSize: Int = 16 << 20) {
            self.archiveSize = archiveSize
            self.entries = entries
            self.inflatedSize = inflatedSize
        }
    }

    public struct Entry: Hashable, Sendable {
        /// Relative, with `/` between its parts.
        public let name: String
        public let content: [UInt8]
    }

    /// In the order of the central directory, folders left out.
    public let entries: [Entry]

    /// Throws `CAPError` with codes archive, unsupportedArchive, entryName, tooLarge, compression, checksum.
    public init(_ bytes: [UInt8], limits: Limits = Limits()) throws(CAPError) {
        guard bytes.count <= limits.archiveSize else {
            throw CAPError(.tooLarge, "archive", "\(bytes.count) bytes are more than the \(limits.archiveSize) that are allowed")
        }
        let directory = try ZIPDirectory(bytes, maximumEntries: limits.entries)
        // All that the directory announces is checked before the first entry is inflated.
        var names: Set<String> = []
        var total = 0
        for record in directory.records {
            try ZIPArchive.check(name: record.name)
            guard names.insert(record.name).inserted else { throw CAPError(.entryName, record.name, "the entry occurs twice") }
            guard record.inflatedSize <= limits.inflatedSize - total else {
                throw CAPError(.tooLarge, record.name, "the entries have more than \(limits.inflatedSize) bytes together")
            }
            total += record.inflatedSize
        }
        var entries: [Entry] = []
        for record in directory.records {
            let content = try record.content(in: bytes)
            if record.name.hasSuffix("/") {
                guard content.isEmpty else { throw CAPError(.archive, record.name, "a folder has content") }
            } else {
                entries.append(Entry(name: record.name, content: content))
            }
        }
        self.entries = entries
    }

    /// Names stay inside the archive whatever reads them: no absolute ones, no way up, no backslash, drive or control character.
    private static func check(name: String) throws(CAPError) {
        let place = name.isEmpty ? "archive" : name
        guard !name.isEmpty, name.utf8.count <= 512 else { throw CAPError(.entryName, "archive", "an entry's name is empty or longer than 512 bytes") }
        guard !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F || $0 == "\\" || $0 == ":" }) else {
            throw CAPError(.entryName, "archive", "an entry's name has a backslash, a colon or a control character")
        }
        guard !name.hasPrefix("/") else { throw CAPError(.entryName, place, "the name is absolute") }
        let parts = (name.hasSuffix("/") ? name.dropLast() : name[...]).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw CAPError(.entryName, place, "the name has an empty part, '.' or '..'")
        }
    }

    public func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }
}
