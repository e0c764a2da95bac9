/// Coding of key types (GPCS 2.3.1, table 11-16), as far as they are used here.
public enum KeyType {
    public static let aes: UInt8 = 0x88
    public static let tripleDES: UInt8 = 0x82
    public static let des: UInt8 = 0x80
    /// Components of an RSA public key.
    public static let rsaPublicExponent: UInt8 = 0xA0
    public static let rsaModulus: UInt8 = 0xA1
    /// An elliptic curve's public point, and the reference to the curve.
    public static let eccPublicKey: UInt8 = 0xB0
    public static let eccParameterReference: UInt8 = 0xF0

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

/// Key versions with a purpose of their own (UICC Configuration, as public implementations have them): identifier 1 of each. They open no secure channel.
public enum ManagementKeyVersion {
    /// Verifies tokens: RSA, elliptic curve or AES.
    public static let token: UInt8 = 0x70
    /// Makes receipts: AES.
    public static let receipt: UInt8 = 0x71
    /// Verifies DAP blocks: RSA, elliptic curve or AES.
    public static let dap: UInt8 = 0x73
    /// Deciphers load file data blocks: AES.
    public static let cipheredLoadFileDataBlock: UInt8 = 0x75

    /// 70 to 7F: versions that no secure channel uses.
    public static func isReserved(_ version: UInt8) -> Bool { version >= 0x70 }
}
