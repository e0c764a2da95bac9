/// Coding of key types (GPCS 2.3.1, table 11-16), as far as they are used here.
public enum KeyType {
    public static let aes: UInt8 = 0x88
    public static let tripleDES: UInt8 = 0x82
    public static let des: UInt8 = 0x80

    /// Key usage qualifiers of secure channel keys (GPCS 2.3.1, 11.1.9).
    public static let usageOfEncryptionKey: UInt8 = 0x38
    public static let usageOfMACKey: UInt8 = 0x34
    public static let usageOfDataEncryptionKey: UInt8 = 0xC8

    /// AES keys are encrypted in whole blocks: 16, 32 or 32 bytes for 16, 24 and 32; nil for another length.
    public static func encryptedLength(ofAESKey length: Int) -> Int? {
        switch length {
        case 16: 16
        case 24, 32: 32
        default: nil
        }
    }
}
