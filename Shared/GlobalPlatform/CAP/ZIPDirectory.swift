/// The central directory of a ZIP archive (PKWARE APPNOTE 6.3.10, 4.3.12 and 4.3.16).
struct ZIPDirectory {
    struct Record {
        let name: String
        let flags: Int
        let method: Int
        let checksum: UInt32
        let compressedSize: Int
        let inflatedSize: Int
        let headerOffset: Int
        /// Where the central directory begins: no entry's data may reach into it.
        let limit: Int
    }

    let records: [Record]

    init(_ bytes: [UInt8], maximumEntries: Int) throws(CAPError) {
        let end = try ZIPDirectory.endRecord(bytes)
        guard bytes.u2(end + 4) == 0, bytes.u2(end + 6) == 0, bytes.u2(end + 8) == bytes.u2(end + 10) else {
            throw CAPError(.unsupportedArchive, "archive", "it is spread over several disks")
        }
        let count = bytes.u2(end + 10)
        let size = bytes.u4(end + 12)
        let start = bytes.u4(end + 16)
        guard count != 0xFFFF, size != 0xFFFF_FFFF, start != 0xFFFF_FFFF else { throw CAPError(.unsupportedArchive, "archive", "ZIP64 is not supported") }
        guard count <= maximumEntries else { throw CAPError(.tooLarge, "archive", "\(count) entries are more than the \(maximumEntries) that are allowed") }
        guard start <= end, size == end - start else { throw CAPError(.archive, "archive", "the central directory is not where the end record says") }
        var offset = start
        var records: [Record] = []
        for index in 0..<count {
            guard end - offset >= 46, bytes.u4(offset) == 0x0201_4B50 else { throw CAPError(.archive, "archive", "entry \(index) of the central directory is damaged") }
            let nameLength = bytes.u2(offset + 28)
            let length = 46 + nameLength + bytes.u2(offset + 30) + bytes.u2(offset + 32)
            guard length <= end - offset else { throw CAPError(.archive, "archive", "entry \(index) of the central directory is cut short") }
            guard let name = String(validating: bytes[offset + 46..<offset + 46 + nameLength], as: UTF8.self) else {
                throw CAPError(.entryName, "archive", "the name of entry \(index) is not UTF-8")
            }
            guard bytes.u2(offset + 34) == 0 else { throw CAPError(.unsupportedArchive, name, "it is spread over several disks") }
            records.append(Record(name: name, flags: bytes.u2(offset + 8), method: bytes.u2(offset + 10), checksum: UInt32(bytes.u4(offset + 16)),
                                  compressedSize: bytes.u4(offset + 20), inflatedSize: bytes.u4(offset + 24), headerOffset: bytes.u4(offset + 42), limit: start))
            offset += length
        }
        guard offset == end else { throw CAPError(.archive, "archive", "the central directory has bytes that belong to no entry") }
        self.records = records
        try checkOverlaps()
    }

    /// The one end record whose comment reaches exactly to the end of the file.
    private static func endRecord(_ bytes: [UInt8]) throws(CAPError) -> Int {
        guard bytes.count >= 22 else { throw CAPError(.archive, "archive", "\(bytes.count) bytes are too few for a ZIP archive") }
        var offset = bytes.count - 22
        let lowest = max(0, offset - 0xFFFF)
        while offset >= lowest {
            if bytes.u4(offset) == 0x0605_4B50, offset + 22 + bytes.u2(offset + 20) == bytes.count { return offset }
            offset -= 1
        }
        throw CAPError(.archive, "archive", "it is not a ZIP archive: the end record is missing")
    }

    /// Entries that share data are how small archives become enormous ones.
    private func checkOverlaps() throws(CAPError) {
        var reached = 0
        for record in records.sorted(by: { $0.headerOffset < $1.headerOffset }) {
            guard record.headerOffset >= reached else { throw CAPError(.archive, record.name, "it overlaps another entry") }
            reached = record.headerOffset + 30 + record.compressedSize
        }
    }
}

extension ZIPDirectory.Record {
    /// The entry's content, inflated and held against its checksum.
    func content(in bytes: [UInt8]) throws(CAPError) -> [UInt8] {
        guard flags & 0x0041 == 0 else { throw CAPError(.unsupportedArchive, name, "it is encrypted") }
        guard flags & 0x0020 == 0 else { throw CAPError(.unsupportedArchive, name, "it is a patch") }
        guard compressedSize != 0xFFFF_FFFF, inflatedSize != 0xFFFF_FFFF else { throw CAPError(.unsupportedArchive, name, "ZIP64 is not supported") }
        guard headerOffset <= limit - 30, bytes.u4(headerOffset) == 0x0403_4B50 else { throw CAPError(.archive, name, "its local header is missing") }
        let nameStart = headerOffset + 30
        let nameEnd = nameStart + bytes.u2(headerOffset + 26)
        let start = nameEnd + bytes.u2(headerOffset + 28)
        guard start <= limit, compressedSize <= limit - start else { throw CAPError(.archive, name, "its data is cut short") }
        guard bytes[nameStart..<nameEnd].elementsEqual(name.utf8), bytes.u2(headerOffset + 8) == method else {
            throw CAPError(.archive, name, "its local header contradicts the central directory")
        }
        let data = Array(bytes[start..<start + compressedSize])
        let content: [UInt8]
        switch method {
        case 0:
            guard compressedSize == inflatedSize else { throw CAPError(.archive, name, "it is stored with two different sizes") }
            content = data
        case 8:
            do {
                content = try Inflate.inflate(data, size: inflatedSize)
            } catch {
                throw CAPError(.compression, name, "its data cannot be inflated to \(inflatedSize) bytes (\(error))")
            }
        default: throw CAPError(.unsupportedArchive, name, "compression method \(method) is not supported")
        }
        guard CRC32.checksum(content) == checksum else { throw CAPError(.checksum, name, "its checksum is wrong") }
        return content
    }
}

extension [UInt8] {
    /// Little-endian, as ZIP has them; the caller has checked the bounds.
    fileprivate func u2(_ offset: Int) -> Int { Int(self[offset]) | Int(self[offset + 1]) << 8 }
    fileprivate func u4(_ offset: Int) -> Int { u2(offset) | u2(offset + 2) << 16 }
}
