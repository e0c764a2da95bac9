import GlobalPlatform
import Testing

/// Bytes written in hexadecimal, spaces allowed; a slip in a test fails that test.
func octets(_ text: String) throws -> [UInt8] {
    try Hex.decode(String(text.filter { $0 != " " }))
}
