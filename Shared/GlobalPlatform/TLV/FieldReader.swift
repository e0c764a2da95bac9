/// Reads the fields of a structure in order; every error names the structure and the field.
public struct FieldReader: Sendable {
    private let bytes: [UInt8]
    public private(set) var offset = 0
    public let structure: String

    public init(_ bytes: [UInt8], structure: String) {
        self.bytes = bytes
        self.structure = structure
    }

    public var remaining: Int { bytes.count - offset }
    public var isAtEnd: Bool { remaining == 0 }

    public mutating func byte(_ place: String) throws(FormatError) -> UInt8 {
        try take(1, place)[0]
    }

    public mutating func take(_ count: Int, _ place: String) throws(FormatError) -> [UInt8] {
        guard count >= 0, count <= remaining else {
            throw FormatError(.data, structure, place, "\(count) bytes were expected at offset \(offset) and \(remaining) are left")
        }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    /// A field with its length in one byte.
    public mutating func field(_ place: String) throws(FormatError) -> [UInt8] {
        let length = Int(try byte(place))
        return try take(length, place)
    }

    /// A field with its length as BER-TLV has it.
    public mutating func berField(_ place: String) throws(FormatError) -> [UInt8] {
        let first = try byte(place)
        guard first & 0x80 != 0 else { return try take(Int(first), place) }
        guard (0x81...0x83).contains(first) else { throw FormatError(.data, structure, place, "the length is not definite or too long") }
        return try take(try take(Int(first & 0x0F), place).reduce(0) { $0 << 8 | Int($1) }, place)
    }

    /// A field that holds an AID.
    public mutating func aid(_ place: String) throws(FormatError) -> AID {
        let value = try field(place)
        do { return try AID(value) } catch { throw FormatError(.data, structure, place, error.description) }
    }

    /// A field that holds an AID or nothing.
    public mutating func optionalAID(_ place: String) throws(FormatError) -> AID? {
        let value = try field(place)
        if value.isEmpty { return nil }
        do { return try AID(value) } catch { throw FormatError(.data, structure, place, error.description) }
    }

    /// A field that this structure leaves empty.
    public mutating func empty(_ place: String) throws(FormatError) {
        guard try field(place).isEmpty else { throw FormatError(.data, structure, place, "the field must be empty") }
    }

    /// Nothing may follow.
    public func finish() throws(FormatError) {
        guard isAtEnd else { throw FormatError(.data, structure, "end", "\(remaining) bytes too many") }
    }
}
