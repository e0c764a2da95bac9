import GlobalPlatform

/// A CAP file as large as those of real products, which carry their class files: the applet's own, with its class files in it several times.
enum LargeCAPFile {
    private static let (localHeader, centralHeader, endOfDirectory) = (0x0403_4B50, 0x0201_4B50, 0x0605_4B50)

    /// - Parameter size: bytes that it has at least.
    /// - Throws: ``BenchFailure`` for what is no ZIP archive with class files; ``CAPError`` when what came out is no CAP file.
    static func make(of file: [UInt8], size: Int) throws -> [UInt8] {
        guard let end = (0...max(0, file.count - 22)).last(where: { number(file, $0, 4) == endOfDirectory }) else { throw BenchFailure("the CAP file is no ZIP archive") }
        let (entries, directory) = (number(file, end + 10, 2), number(file, end + 16, 4))
        var (records, classes): ([UInt8], [Record]) = ([], [])
        var offset = directory
        for _ in 0..<entries {
            guard let record = Record(file, at: offset) else { throw BenchFailure("the CAP file's ZIP directory cannot be read") }
            records += file[offset..<record.end]
            if record.name.hasSuffix(".class") { classes.append(record) }
            offset = record.end
        }
        guard !classes.isEmpty else { throw BenchFailure("the CAP file has no class files") }
        var contents = Array(file[..<directory])
        var added = 0
        while contents.count + records.count + 22 < size {
            let record = classes[added % classes.count]
            let name = Array("APPLET-INF/classes/again\(added)/\(record.name.split(separator: "/").last ?? "")".utf8)
            // Version to sizes stand in both headers in the same order.
            let common = file[record.start + 6..<record.start + 28]
            let local = contents.count
            contents += bytes(localHeader, 4) + common + bytes(name.count, 2) + [0, 0] + name + record.content
            records += bytes(centralHeader, 4) + file[record.start + 4..<record.start + 28] + bytes(name.count, 2) + [UInt8](repeating: 0, count: 12) + bytes(local, 4) + name
            added += 1
        }
        let total = bytes(entries + added, 2)
        let made = contents + records + bytes(endOfDirectory, 4) + [0, 0, 0, 0] + total + total + bytes(records.count, 4) + bytes(contents.count, 4) + [0, 0]
        _ = try CAPFile(made)
        return made
    }

    /// An entry of the directory (PKWARE APPNOTE 4.3.12) and its content as it is stored.
    private struct Record {
        let start: Int
        let end: Int
        let name: String
        let content: ArraySlice<UInt8>

        init?(_ file: [UInt8], at start: Int) {
            guard number(file, start, 4) == centralHeader else { return nil }
            let nameLength = number(file, start + 28, 2)
            let end = start + 46 + nameLength + number(file, start + 30, 2) + number(file, start + 32, 2)
            let local = number(file, start + 42, 4)
            let data = local + 30 + number(file, local + 26, 2) + number(file, local + 28, 2)
            let dataEnd = data + number(file, start + 20, 4)
            guard end <= file.count, number(file, local, 4) == localHeader, dataEnd <= file.count else { return nil }
            self.start = start
            self.end = end
            name = String(decoding: file[start + 46..<start + 46 + nameLength], as: UTF8.self)
            content = file[data..<dataEnd]
        }
    }

    /// Little-endian; 0 beyond the end.
    private static func number(_ file: [UInt8], _ offset: Int, _ count: Int) -> Int {
        guard offset >= 0, offset + count <= file.count else { return 0 }
        return file[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private static func bytes(_ number: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
}
