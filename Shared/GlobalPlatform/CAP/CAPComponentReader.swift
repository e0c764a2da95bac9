/// Reads the big-endian items of a CAP component; every error names the component and the offset in it.
struct CAPComponentReader {
    let bytes: [UInt8]
    let name: String
    private(set) var offset = 0

    init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    var remaining: Int { bytes.count - offset }

    func error(_ problem: String) -> CAPError { CAPError(.component, "\(name), offset \(offset)", problem) }

    mutating func u1() throws(CAPError) -> Int {
        try skip(1)
        return Int(bytes[offset - 1])
    }

    mutating func u2() throws(CAPError) -> Int {
        try skip(2)
        return Int(bytes[offset - 2]) << 8 | Int(bytes[offset - 1])
    }

    mutating func u4() throws(CAPError) -> Int {
        let high = try u2()
        return high << 16 | (try u2())
    }

    mutating func take(_ count: Int) throws(CAPError) -> [UInt8] {
        guard count <= remaining else { throw error("\(count) bytes were expected and \(remaining) are left") }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    mutating func skip(_ count: Int) throws(CAPError) {
        guard count <= remaining else { throw error("\(count) bytes were expected and \(remaining) are left") }
        offset += count
    }

    mutating func aid() throws(CAPError) -> AID {
        let place = self
        let length = try u1()
        do {
            return try AID(try take(length))
        } catch let problem as CAPError {
            throw problem
        } catch {
            throw place.error("\(error)")
        }
    }

    func finish() throws(CAPError) {
        guard remaining == 0 else { throw error("\(remaining) bytes too many") }
    }
}
