/// Why bytes are not BER-TLV; the offset is that of the object's tag from the start of what was read.
public enum TLVError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes end inside a tag, a length or a value.
    case truncated(offset: Int)
    /// 00, a tag of more than four bytes, or a subsequent byte 80 that begins with zeroes.
    case invalidTag(offset: Int)
    /// Indefinite (80), reserved, or more than four bytes long.
    case invalidLength(offset: Int)
    /// More bytes than needed, where the distinguished encoding is asked for.
    case lengthNotMinimal(offset: Int)
    /// Bytes after the one object that was expected.
    case trailingBytes(offset: Int)
    /// Constructed objects within constructed ones, deeper than allowed.
    case tooDeep(offset: Int)
    /// The content of a primitive object was asked to be objects.
    case notConstructed(TLVTag)

    public var code: String {
        switch self {
        case .truncated: "tlv-truncated"
        case .invalidTag: "tlv-invalid-tag"
        case .invalidLength: "tlv-invalid-length"
        case .lengthNotMinimal: "tlv-length-not-minimal"
        case .trailingBytes: "tlv-trailing-bytes"
        case .tooDeep: "tlv-too-deep"
        case .notConstructed: "tlv-not-constructed"
        }
    }

    public var description: String {
        switch self {
        case .truncated(let offset): "the data object at offset \(offset) is cut short"
        case .invalidTag(let offset): "no tag begins at offset \(offset)"
        case .invalidLength(let offset): "the length of the data object at offset \(offset) is not definite or too long"
        case .lengthNotMinimal(let offset): "the length of the data object at offset \(offset) is not in its shortest form"
        case .trailingBytes(let offset): "bytes follow the data object that ends at offset \(offset)"
        case .tooDeep(let offset): "data objects are nested too deeply at offset \(offset)"
        case .notConstructed(let tag): "the data object \(tag) is primitive"
        }
    }
}
