/// One BER-TLV data object. What is inside a constructed one is read when asked for, so that depth costs nothing.
public struct TLV: Hashable, Sendable, CustomStringConvertible {
    public var tag: TLVTag
    public var value: [UInt8]

    public init(_ tag: TLVTag, _ value: [UInt8] = []) {
        self.tag = tag
        self.value = value
    }

    public init(_ tag: TLVTag, _ children: [TLV]) {
        self.tag = tag
        value = children.bytes
    }

    /// Tag, shortest length, value.
    public var bytes: [UInt8] { tag.bytes + TLV.encodeLength(value.count) + value }

    /// The data objects in the value of a constructed one; offsets of errors count from the value's start.
    public func children() throws(TLVError) -> [TLV] {
        guard tag.isConstructed else { throw TLVError.notConstructed(tag) }
        return try TLV.parseAll(value)
    }

    /// All data objects of `bytes`, which they must fill. `minimalLengths` asks for the distinguished form, as in what is signed.
    public static func parseAll(_ bytes: some Collection<UInt8>, minimalLengths: Bool = false) throws(TLVError) -> [TLV] {
        var reader = TLVReader(bytes, minimalLengths: minimalLengths)
        var objects: [TLV] = []
        while let object = try reader.next() { objects.append(object) }
        return objects
    }

    /// The one data object that `bytes` is.
    public static func parse(_ bytes: some Collection<UInt8>, minimalLengths: Bool = false) throws(TLVError) -> TLV {
        var reader = TLVReader(bytes, minimalLengths: minimalLengths)
        guard let object = try reader.next() else { throw TLVError.truncated(offset: 0) }
        guard reader.isAtEnd else { throw TLVError.trailingBytes(offset: reader.offset) }
        return object
    }

    /// Checks that `bytes` are data objects throughout, constructed ones down to `maximumDepth` levels, without recursion.
    public static func checkNesting(_ bytes: some Collection<UInt8>, maximumDepth: Int = 16) throws(TLVError) {
        var pending: [(bytes: [UInt8], base: Int, depth: Int)] = [(Array(bytes), 0, 1)]
        while let (bytes, base, depth) = pending.popLast() {
            guard depth <= maximumDepth else { throw TLVError.tooDeep(offset: base) }
            var reader = TLVReader(bytes, baseOffset: base)
            while let object = try reader.next() {
                guard object.tag.isConstructed, !object.value.isEmpty else { continue }
                pending.append((object.value, reader.offset - object.value.count, depth + 1))
            }
        }
    }

    /// A definite length in its shortest form: one byte up to 7F, then 81, 82, 83 and 84.
    public static func encodeLength(_ count: Int) -> [UInt8] {
        switch count {
        case ..<0x80: [UInt8(max(count, 0))]
        case ..<0x100: [0x81, UInt8(count)]
        case ..<0x10000: [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
        case ..<0x1000000: [0x83, UInt8(count >> 16), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
        default: [0x84, UInt8(count >> 24 & 0xFF), UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
        }
    }

    public var description: String { "\(tag){\(Hex.encode(value))}" }
}

extension Collection<TLV> {
    /// The objects one after the other.
    public var bytes: [UInt8] { flatMap { $0.bytes } }

    /// The first object with this tag.
    public func first(_ tag: TLVTag) -> TLV? { first { $0.tag == tag } }

    /// Every object with this tag, in order.
    public func all(_ tag: TLVTag) -> [TLV] { filter { $0.tag == tag } }
}
