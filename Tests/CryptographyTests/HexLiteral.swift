/// Bytes from hexadecimal digits; blanks are skipped. Traps on a typing error in a test.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }
    var bytes: [UInt8] = []
    var index = digits.startIndex
    while index < digits.endIndex {
        let next = digits.index(index, offsetBy: 2)
        guard let byte = UInt8(digits[index..<next], radix: 16) else { preconditionFailure("not hexadecimal: \(digits[index..<next])") }
        bytes.append(byte)
        index = next
    }
    return bytes
}
