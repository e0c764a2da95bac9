/// A data grouping of the EMV card personalisation specification: two bytes of identifier, length in one byte or FF and two, data.
public struct DGI: Hashable, Sendable, CustomStringConvertible {
    public var identifier: UInt16
    /// At most 65 535 bytes.
    public var data: [UInt8]

    public init(_ identifier: UInt16, _ data: [UInt8]) {
        self.identifier = identifier
        self.data = data
    }

    /// Throws `FormatError` of kind length when the data is too long for a data grouping.
    public func encoded() throws(FormatError) -> [UInt8] {
        let header = [UInt8(identifier >> 8), UInt8(identifier & 0xFF)]
        if data.count < 0xFF { return header + [UInt8(data.count)] + data }
        guard data.count <= 0xFFFF else { throw FormatError(.length, "DGI", description, "\(data.count) bytes are too many") }
        return header + [0xFF, UInt8(data.count >> 8), UInt8(data.count & 0xFF)] + data
    }

    /// All data groupings of `bytes`, which they must fill.
    public static func parseAll(_ bytes: [UInt8]) throws(FormatError) -> [DGI] {
        var reader = FieldReader(bytes, structure: "DGI")
        var groupings: [DGI] = []
        while !reader.isAtEnd {
            let identifier = try reader.take(2, "identifier")
            var length = Int(try reader.byte("length"))
            if length == 0xFF {
                let long = try reader.take(2, "length")
                length = Int(long[0]) << 8 | Int(long[1])
            }
            groupings.append(DGI(UInt16(identifier[0]) << 8 | UInt16(identifier[1]), try reader.take(length, "data")))
        }
        return groupings
    }

    public var description: String { Hex.encodeUpperCase([UInt8(identifier >> 8), UInt8(identifier & 0xFF)]) }
}
