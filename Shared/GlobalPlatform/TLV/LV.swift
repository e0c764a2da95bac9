/// Length and value, the length in one byte: the fields of INSTALL and PUT KEY.
public enum LV {
    /// Fields are at most 255 bytes; a longer one is an error of length.
    public static func encode(_ value: [UInt8], _ structure: String = "LV", _ place: String = "field") throws(FormatError) -> [UInt8] {
        guard let length = UInt8(exactly: value.count) else {
            throw FormatError(.length, structure, place, "\(value.count) bytes do not fit a field of at most 255")
        }
        return [length] + value
    }
}
