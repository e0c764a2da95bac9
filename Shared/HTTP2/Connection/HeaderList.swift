/// A message's header section in one run of bytes: no string per field until somebody asks for one. Pseudo header
/// fields come first, names are in lower case.
struct HeaderList: Sendable {
    struct Field: Sendable {
        var nameStart: Int32
        var nameLength: Int32
        var valueLength: Int32
        /// Never enters a peer's HPACK table (RFC 7541, 7.1): credentials.
        var isSensitive: Bool
        var valueStart: Int { Int(nameStart) + Int(nameLength) }
    }
    private(set) var bytes: [UInt8] = []
    private(set) var fields: [Field] = []
    /// The size as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113, 6.5.2).
    private(set) var size = 0

    init() {}

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        size = 0
    }

    /// Room for an ordinary message, so that the lists do not grow step by step.
    mutating func reserve(fields count: Int) {
        bytes.reserveCapacity(64 + count * 32)
        fields.reserveCapacity(count)
    }

    mutating func reserve(like other: HeaderList) {
        bytes.reserveCapacity(other.bytes.count + 128)
        fields.reserveCapacity(other.fields.count + 4)
    }

    mutating func append(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>, isSensitive: Bool = false) {
        fields.append(Field(nameStart: Int32(bytes.count), nameLength: Int32(name.count), valueLength: Int32(value.count), isSensitive: isSensitive))
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: value)
        size += name.count + value.count + 32
    }

    mutating func append(_ name: StaticString, _ value: StaticString) {
        append(
            name: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
            value: UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    /// `name` is in lower case already.
    mutating func append(_ name: String, _ value: String) { append(name, value, isSensitive: HeaderField(name) == .credential) }

    /// The same, when the caller knows already whether it is a credential.
    mutating func append(_ name: String, _ value: String, isSensitive: Bool) {
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let nameLength = bytes.count - start
        bytes.append(contentsOf: value.utf8)
        let valueLength = bytes.count - start - nameLength
        fields.append(Field(nameStart: Int32(start), nameLength: Int32(nameLength), valueLength: Int32(valueLength), isSensitive: isSensitive))
        size += nameLength + valueLength + 32
    }

    mutating func append(_ name: StaticString, number: Int) { append(name.description, String(number)) }

    /// Takes over one field of another list.
    mutating func append(_ field: Field, of other: HeaderList) {
        let start = bytes.count
        bytes.append(contentsOf: other.bytes[Int(field.nameStart)..<field.valueStart + Int(field.valueLength)])
        var copy = field
        copy.nameStart = Int32(start)
        fields.append(copy)
        size += Int(field.nameLength) + Int(field.valueLength) + 32
    }

    // MARK: Reading

    func name(of field: Field, is wanted: StaticString) -> Bool {
        guard Int(field.nameLength) == wanted.utf8CodeUnitCount else { return false }
        let pointer = wanted.utf8Start
        let start = Int(field.nameStart)
        return bytes.withUnsafeBufferPointer { bytes in
            for index in 0..<Int(field.nameLength) where bytes[start + index] != pointer[index] { return false }
            return true
        }
    }

    func name(of field: Field, is wanted: String) -> Bool {
        let utf8 = wanted.utf8
        guard Int(field.nameLength) == utf8.count else { return false }
        var index = Int(field.nameStart)
        for byte in utf8 {
            if bytes[index] != byte { return false }
            index += 1
        }
        return true
    }

    func isPseudo(_ field: Field) -> Bool { field.nameLength > 0 && bytes[Int(field.nameStart)] == UInt8(ascii: ":") }

    func withNameBytes<Result>(of field: Field, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[Int(field.nameStart)..<field.valueStart])) }
    }
    func nameText(of field: Field) -> String { text(Int(field.nameStart), Int(field.nameLength)) }
    func valueText(of field: Field) -> String { text(field.valueStart, Int(field.valueLength)) }
    func valueBytes(of field: Field) -> ArraySlice<UInt8> { bytes[field.valueStart..<field.valueStart + Int(field.valueLength)] }

    func first(_ name: StaticString) -> Field? { fields.first { self.name(of: $0, is: name) } }
    func value(_ name: StaticString) -> String? { first(name).map(valueText) }

    /// The status code of a response, nil if it is missing or malformed.
    var status: Int? {
        guard let field = first(":status"), field.valueLength == 3 else { return nil }
        var code = 0
        for byte in valueBytes(of: field) {
            guard (0x30...0x39).contains(byte) else { return nil }
            code = code * 10 + Int(byte - 0x30)
        }
        return code
    }

    /// The announced length of the body, nil without one.
    var contentLength: Int? { value("content-length").flatMap { Int($0) } }

    private func text(_ start: Int, _ count: Int) -> String {
        bytes.withUnsafeBufferPointer { String(decoding: UnsafeBufferPointer(rebasing: $0[start..<start + count]), as: UTF8.self) }
    }
}
